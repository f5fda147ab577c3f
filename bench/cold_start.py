"""Cold starts: from the start of a process that enters the function as Lambda does to the end of its first delete."""

import compileall
import itertools
import json
import os
import shutil
import sys
import sysconfig
import time
import zipfile
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import botocore

from bench import items
from bench.checkouts import HERE, PICUS
from bench.dynamodb import TABLE, Database, fake_dynamodb
from bench.machine import ROOT, SERVER_CORE, WORK, ZAPPA, BenchError, output_of, start
from bench.measurements import Results, Sample
from bench.servers import environment
from picus_api.core.dynamodb.tls import amazon_authorities
from picus_project.local.events import rest_proxy_event
from tests.http_server import Request, Server, responds, until

COLD = "cold start"
ZAPPA_DEFAULTS, NOOP = "Picus with Zappa's defaults", "A handler that does nothing"
PLAIN, WHOLE_STORE = "Picus without TLS", "Picus, botocore's authorities"
TIMEOUT_SECONDS = 30
FUNCTIONS = WORK / "functions"
_numbers = itertools.count()


@dataclass(frozen=True)
class Function:
    """A folder like /var/task, and the handler in it."""

    name: str
    folder: Path
    handler: str
    zip_mb: float = 0.0  # of 10^6 bytes; 0 without a zip
    settings: dict[str, str] = field(default_factory=dict)


def run(results: Results, _: Database) -> None:
    """Measure over TLS, with the certificate authorities that each function loads on AWS."""
    results.print_progress("packaging with Zappa's defaults")
    shutil.rmtree(FUNCTIONS, ignore_errors=True)
    FUNCTIONS.mkdir()
    # As the runtime client is compiled in Lambda's image.
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
    ours = [_unpack(name, checkout.package, checkout.handler) for name, checkout in results.checkouts.items()]
    [here] = [function for function in ours if function.name == PICUS]
    peers = [_by_zappa(), Function(NOOP, ROOT / "bench/peers", "noop.handler"), replace(here, name=WHOLE_STORE)]
    authority = WORK / "authority.pem"
    with fake_dynamodb(authority=authority) as database:
        url = {"DYNAMODB_ENDPOINT_URL": f"https://127.0.0.1:{database.tls_port}"}
        few, whole = (url | {"AWS_CA_BUNDLE": str(bundle)} for bundle in _bundles(authority.read_text()))
        functions = [replace(each, settings=few) for each in ours]
        functions += [replace(each, settings=each.settings | whole) for each in peers]
        functions.append(replace(here, name=PLAIN))
        runs = {function.name: partial(_start, database, function) for function in functions}
        results.record(COLD, runs, results.rounds * len(results.checkouts))


def _unpack(name: str, package: Path, handler: str) -> Function:
    """Unpack a zip, with the times of its entries: they decide whether bytecode counts as stale."""
    folder = FUNCTIONS / name
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            stamp = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(folder / entry.filename, (stamp, stamp))
    return Function(name, folder, handler, package.stat().st_size / 1e6)


def _by_zappa() -> Function:
    """Return what `zappa package` makes of a project with the fewest settings it takes."""
    project, made = FUNCTIONS / "project", FUNCTIONS / "zappa.zip"
    for package in ("delete_fn", "picus_api"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "bench/peers/zappa_app.py", project)
    settings = {
        "app_function": "zappa_app.application",
        "project_name": "zappa_app",
        "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "s3_bucket": "bench",
        "aws_region": "us-east-1",
    }
    (project / "zappa_settings.json").write_text(json.dumps({"bench": settings}))
    # --json keeps it from asking PyPI for a newer Zappa.
    command = [str(ZAPPA / "bin/python"), "-m", "zappa.cli", "package", "bench", "--json", "--output", str(made)]
    output_of(*command, folder=project, VIRTUAL_ENV=str(ZAPPA))
    function = _unpack(ZAPPA_DEFAULTS, made, "handler.lambda_handler")
    return replace(function, settings={"PICUS_HANDLER": HERE.handler})


def _bundles(authority: str) -> list[Path]:
    """Return two files: Amazon's authorities, as Picus loads them for a server of AWS, and botocore's whole store.

    Each contains the fake DynamoDB's authority too: a server on this machine is trusted by AWS_CA_BUNDLE only.
    """
    whole = (Path(botocore.__file__).parent / "cacert.pem").read_text()
    bundles = {"few.pem": amazon_authorities(), "whole.pem": whole}
    for name, authorities in bundles.items():
        (WORK / name).write_text(f"{authorities}\n{authority}")
    return [WORK / name for name in bundles]


def _start(database: Database, function: Function) -> Sample:
    """Start the function and let it delete one item. Raises BenchError if the item is still there.

    The server is Lambda's Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """
    key, log, times = items.key(next(_numbers)), WORK / "cold_start.log", [time.perf_counter()]
    invocation = _invocation(rest_proxy_event(method="DELETE", path=f"/picus/{key}", headers=[("Host", "localhost")]))
    if b'"Item"' not in database.client.get(TABLE, key):
        raise BenchError(f"the fake DynamoDB has no item {key}; take fewer rounds")

    def respond(_: Request) -> bytes:
        times.append(time.perf_counter())
        return invocation

    with Server(responds(respond)) as api:
        env = environment(f"http://127.0.0.1:{database.port}", TABLE) | _lambda_variables(function, api.port)
        times[0] = time.perf_counter()
        process = start(
            [sys.executable, "-m", "awslambdaric", function.handler], log, (SERVER_CORE,), function.folder, env
        )
        try:
            # A request for the event, and one with the response.
            until(lambda: len(times) > 2 or process.poll() is not None, TIMEOUT_SECONDS)
        finally:
            process.kill()
            process.wait()
    begun, asked, responded, *_ = [*times, 0, 0]
    response = api.requests[1].body if len(times) > 2 else b"{}"
    deleted = b'"Item"' not in database.client.get(TABLE, key)
    if json.loads(response).get("statusCode") != 200 or not (deleted or function.name == NOOP):
        raise BenchError(f"deleted: {deleted}, {response!r}; its log is {log}")
    figures = {"total": responded - begun, "init": asked - begun, "invoke": responded - asked}
    return {f"{name}_ms": seconds * 1000 for name, seconds in figures.items()} | {"zip_mb": function.zip_mb}


def _invocation(event: dict[str, Any]) -> bytes:
    """Return the response to the request for the next invocation."""
    body = json.dumps(event)
    lines = [
        "HTTP/1.1 200 OK",
        "Lambda-Runtime-Aws-Request-Id: 1",
        f"Lambda-Runtime-Deadline-Ms: {int((time.time() + TIMEOUT_SECONDS) * 1000)}",
        "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:bench",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _lambda_variables(function: Function, api_port: int) -> dict[str, str]:
    return {
        # Lambda's credentials always come with one.
        "AWS_SESSION_TOKEN": "local",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "LAMBDA_TASK_ROOT": str(function.folder),
        # /var/task is read-only: bytecode that is stale stays stale.
        "PYTHONDONTWRITEBYTECODE": "1",
        **function.settings,
    }
