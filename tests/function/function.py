"""The packaged function, run from its folder by a Python that sees nothing but that and the standard library."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from picus_project.local.events import rest_proxy_event
from tests.dynamodb import CREDENTIALS

RUNTIME = Path(__file__).with_name("runtime.py")
REQUEST_ID = "edge-id-1=="
"""What the edge sends with every event of these tests."""

Modules = dict[str, tuple[str | None, str | None]]


def command(folder: Path) -> list[str]:
    """Return the command that runs a function without site-packages, working directory and PYTHON variables."""
    return [sys.executable, "-I", "-S", str(RUNTIME), str(folder)]


def expected(status: int, body: str, **headers: str) -> dict[str, Any]:
    """Return a whole response of the function. Underscores in header names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "statusCode": status,
        "headers": {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
            **named,
            "X-Request-Id": REQUEST_ID,
        },
        "body": body,
        "isBase64Encoded": False,
    }


class Function:
    """A function that runs in a process, called by events."""

    def __init__(self, process: "subprocess.Popen[str]", errors: IO[str]) -> None:
        self._process = process
        self._errors = errors

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(event) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"it ended:\n{self._errors.read()}"
        response: dict[str, Any] = json.loads(line)
        return response

    def send(self, method: str, path: str) -> dict[str, Any]:
        return self(rest_proxy_event(method=method, path=path, headers=[("X-Amz-Cf-Id", REQUEST_ID)]))

    def log(self) -> list[dict[str, Any]]:
        """Return the log lines since the last call."""
        return [json.loads(line) for line in self._errors]

    def end(self) -> Modules:
        """End the function, and return the modules that it had loaded."""
        output, _ = self._process.communicate()
        assert self._process.returncode == 0, self._errors.read()
        modules: Modules = json.loads(output)
        return modules


@contextmanager
def running_function(folder: Path, **settings: str) -> Iterator[Function]:
    """Run the function as a warm Lambda environment does, with these environment variables only."""
    open_to_all = {"ANONYMOUS_SCOPES": "read,write,delete"}
    environment = {**CREDENTIALS, "DYNAMODB_TABLE_NAME": "picus_data", "HOME": str(folder), **open_to_all, **settings}
    # Each function needs its own file, because two functions may run in one folder.
    with tempfile.NamedTemporaryFile("w") as written, Path(written.name).open() as errors:
        process = subprocess.Popen(
            command(folder),
            cwd=folder,
            env={name: value for name, value in environment.items() if value},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
        try:
            yield Function(process, errors)
        finally:
            if process.poll() is None:
                process.communicate()
