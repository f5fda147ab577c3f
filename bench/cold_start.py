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
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from bench import items
from bench.dynamodb import TABLE, Database, fake_dynamodb
from bench.machine import ROOT, SERVER_CORE, WORK, ZAPPA, BenchError, run, started
from bench.measurements import Results, Sample
from bench.servers import HERE, PICUS, Checkout, environment

COLD = "cold start"
ZAPPA_DEFAULTS, NOOP = "The same by Zappa's defaults", "A handler that does nothing"
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
    zip_mb: float = 0.0
    """In MB of 10^6 bytes; 0 without a zip."""
    settings: dict[str, str] = field(default_factory=dict)


def measure(results: Results, _: Database) -> None:
    """Measure over TLS, with the certificate authorities that each function loads on AWS."""
    results.say("packaging by Zappa's defaults")
    _clear()
    ours = _unpack(PICUS, HERE.package, HERE.handler)
    peers = [_by_zappa(), Function(NOOP, ROOT / "bench/peers", "noop.handler"), replace(ours, name=WHOLE_STORE)]
    authority = WORK / "authority.pem"
    with fake_dynamodb(authority=authority) as database:
        url = {"DYNAMODB_ENDPOINT_URL": f"https://127.0.0.1:{database.tls_port}"}
        few, whole = (url | {"AWS_CA_BUNDLE": str(bundle)} for bundle in _bundles(authority.read_text()))
        contestants = [replace(ours, settings=few), *(replace(p, settings=p.settings | whole) for p in peers)]
        _start_in_turns(results, COLD, [*contestants, replace(ours, name=PLAIN)], database, max(3, results.rounds // 2))


def compare(results: Results, scenario: str, checkouts: dict[str, Checkout]) -> None:
    """Measure the functions of these commits, without TLS."""
    _clear()
    functions = [_unpack(name, checkout.package, checkout.handler) for name, checkout in checkouts.items()]
    with fake_dynamodb() as database:
        _start_in_turns(results, scenario, functions, database, results.rounds * 2)


def _start_in_turns(
    results: Results, scenario: str, functions: Iterable[Function], database: Database, rounds: int
) -> None:
    """Start each function once to fill the file cache, then measure them in turns."""
    runs = {function.name: partial(_start, database, function) for function in functions}
    for start in runs.values():
        start()
    results.record(scenario, runs, rounds)


def _clear() -> None:
    """Make an empty folder for functions, and compile the runtime client as it is compiled in Lambda's image."""
    shutil.rmtree(FUNCTIONS, ignore_errors=True)
    FUNCTIONS.mkdir()
    compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)


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
    run(*command, folder=project, VIRTUAL_ENV=str(ZAPPA))
    function = _unpack(ZAPPA_DEFAULTS, made, "handler.lambda_handler")
    return replace(function, settings={"PICUS_HANDLER": HERE.handler})


def _bundles(authority: str) -> list[Path]:
    """Return two files: Amazon's authorities, as Picus loads them for a server of AWS, and botocore's whole store.

    Each contains the fake DynamoDB's authority too: a server on this machine is trusted by AWS_CA_BUNDLE only.
    """
    import botocore  # noqa: PLC0415 - of the bench's own environment; tests do without these two

    from picus_api.core.dynamodb.tls import amazon_authorities  # noqa: PLC0415

    whole = (Path(botocore.__file__).parent / "cacert.pem").read_text()
    bundles = {"few.pem": amazon_authorities(), "whole.pem": whole}
    for name, authorities in bundles.items():
        (WORK / name).write_text(f"{authorities}\n{authority}")
    return [WORK / name for name in bundles]


def _start(database: Database, function: Function) -> Sample:
    """Start the function and let it delete one item. Raises BenchError if the item is still there."""
    key = items.key(next(_numbers))
    log = WORK / "cold_start.log"
    with _RuntimeApi(_event(key)) as api:
        env = environment(f"http://127.0.0.1:{database.port}", TABLE) | _environment(function, api.server_port)
        begun = time.perf_counter()
        command = [sys.executable, "-m", "awslambdaric", function.handler]
        with started(command, log, (SERVER_CORE,), function.folder, env):
            api.invoke()
    status = json.loads(api.response or b"{}").get("statusCode")
    deleted = b'"Item"' not in database.client.get(TABLE, key)
    if status != 200 or not (deleted or function.name == NOOP):
        raise BenchError(f"status {status}, deleted: {deleted}, {api.response!r}; its log is {log}")
    figures = {"total": api.responded - begun, "init": api.asked - begun, "invoke": api.responded - api.asked}
    return {f"{name}_ms": seconds * 1000 for name, seconds in figures.items()} | {"zip_mb": function.zip_mb}


def _event(key: str) -> bytes:
    """Return the event of API Gateway's REST proxy integration, as much of it as a handler may need.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    path = f"/picus/{key}"
    nothing = dict.fromkeys(("queryStringParameters", "multiValueQueryStringParameters", "stageVariables", "body"))
    context = {"path": f"/local{path}", "stage": "local", "identity": {"sourceIp": "127.0.0.1"}}
    event = {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "DELETE",
        "headers": {"Host": "localhost"},
        "multiValueHeaders": {"Host": ["localhost"]},
        "pathParameters": {"proxy": path[1:]},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    return json.dumps(event | nothing).encode()


def _environment(function: Function, api_port: int) -> dict[str, str]:
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


class _RuntimeApi(HTTPServer):
    """Lambda's Runtime API for one invocation: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

    timeout = TIMEOUT_SECONDS

    def __init__(self, event: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _RuntimeRequest)
        self.event = event
        self.asked = self.responded = 0.0
        self.response: bytes | None = None

    def invoke(self) -> None:
        """Hand out the event, and wait for the response to it or for the error of an initialisation."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self.response is None and time.monotonic() < deadline:
            self.handle_request()


class _RuntimeRequest(BaseHTTPRequestHandler):
    server: _RuntimeApi

    def do_GET(self) -> None:
        self.server.asked = time.perf_counter()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + TIMEOUT_SECONDS) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.event)))
        self.end_headers()
        self.wfile.write(self.server.event)

    def do_POST(self) -> None:
        self.server.responded = time.perf_counter()
        self.server.response = self.rfile.read(int(self.headers["Content-Length"]))

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log line: the output is for figures."""
