"""Run the commands as an operator does: in an empty folder, with a real table."""

import io
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from picus_api.core.dynamodb.table import shared_transport
from picus_api.management.command_line import run_command_line
from tests.dynamodb import CREDENTIALS, ROOT
from tests.faulty import FaultyProxy
from tests.http_server import Request, dynamodb_response
from tests.preloaded import start_python

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Terminal:
    """Runs commands with a table."""

    def __init__(self, folder: Path, table: "Table") -> None:
        self.folder = folder
        self.table = table
        self.url: str = table.meta.client.meta.endpoint_url

    def start(
        self, *arguments: str, url: str = "", stdin: int | None = subprocess.DEVNULL
    ) -> "subprocess.Popen[bytes]":
        # A signal during a measurement of coverage can leave its lock locked for ever.
        foreign = ("AWS_", "COVERAGE_", "DYNAMODB_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        where = {"DYNAMODB_TABLE_NAME": self.table.name, "DYNAMODB_ENDPOINT_URL": url or self.url}
        return start_python(
            [ROOT / "manage.py", *arguments],
            inherited | CREDENTIALS | where,
            cwd=self.folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *arguments: str, given: str | bytes | None = None, url: str = "") -> Result:
        """Run a command to its end: in this process, which is faster, unless it needs an input or another server."""
        if given is None and not url:
            return self.run_in_process(*arguments)
        return self.run_process(*arguments, given=given, url=url)

    def run_in_process(self, *arguments: str) -> Result:
        """Run a command line in this process, without the start of Python and Django."""
        out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
        code: object = 0
        with redirect_stdout(out), redirect_stderr(err), chdir(self.folder):
            try:
                run_command_line(list(arguments))
            except SystemExit as end:
                code = end.code or 0
        assert isinstance(code, int)
        return Result(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))

    def run_process(self, *arguments: str, given: str | bytes | None = None, url: str = "") -> Result:
        """Run a command in a process. Its output must not have a traceback."""
        process = self.start(*arguments, url=url, stdin=subprocess.DEVNULL if given is None else subprocess.PIPE)
        text = given.encode() if isinstance(given, str) else given
        return wait_for_result(process, text)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as boto3 reads them, without the version, which every row must have."""
        rows: list[dict[str, Any]] = []
        page: dict[str, Any] = self.table.scan(ConsistentRead=True)  # type: ignore[assignment]
        rows += page["Items"]
        while "LastEvaluatedKey" in page:
            page = self.table.scan(ConsistentRead=True, ExclusiveStartKey=page["LastEvaluatedKey"])  # type: ignore[assignment]
            rows += page["Items"]
        assert all(row.pop("picus_version").startswith("v1:") for row in rows)
        return rows


def wait_for_result(process: "subprocess.Popen[bytes]", given: bytes | None = None) -> Result:
    """Return the result of a process that ends by itself."""
    out, err = process.communicate(given, timeout=300)
    # test_tokens.py tests the audit lines.
    lines = [line for line in err.decode().splitlines(keepends=True) if '"logger": "picus.audit"' not in line]
    result = Result(process.returncode, out.decode(), "".join(lines))
    assert "Traceback" not in result.err
    return result


def wait_for_steps(checkpoint: Path, steps: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a checkpoint has this many steps."""
    deadline = time.monotonic() + 120
    while not checkpoint.exists() or checkpoint.read_bytes().count(b"\n") <= steps:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def ndjson(items: Iterable[Any]) -> str:
    return "".join(f"{json.dumps(item)}\n" for item in items)


class CountingProxy(FaultyProxy):
    """Report one read unit for each item of a scan: the DynamoDB of the tests reports none."""

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        reply = self._ask(request).partition(b"\r\n\r\n")[2]
        page = json.loads(reply)
        if request.operation == "Scan":
            page["ConsumedCapacity"] = {"TableName": "x", "CapacityUnits": float(page["ScannedCount"])}
        connection.sendall(dynamodb_response(200, json.dumps(page).encode()))
        return True


Stop = Callable[["subprocess.Popen[bytes]"], Result]


def kill(process: "subprocess.Popen[bytes]") -> Result:
    process.kill()
    return wait_for_result(process)


def interrupt(process: "subprocess.Popen[bytes]") -> Result:
    process.send_signal(signal.SIGINT)
    return wait_for_result(process)


def terminate(process: "subprocess.Popen[bytes]") -> Result:
    process.terminate()
    return wait_for_result(process)


@pytest.fixture
def terminal(tmp_path: Path, table: "Table") -> Iterator[Terminal]:
    yield Terminal(tmp_path, table)
    # What ran in this process leaves its connections to the process's end.
    shared_transport().close()
