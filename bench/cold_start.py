"""Cold starts: from the start of a process that enters the function as Lambda does to the end of its first delete."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from bench import items
from bench.dynamodb import TABLE, Database, tls_endpoint
from bench.functions import NOOP, Function, functions
from bench.machine import SERVER_CORE, WORK, BenchError, pinned
from bench.measurements import Recorder, Sample
from bench.servers import environment
from bench.tls_endpoint import AUTHORITY

COLD = "cold start"
PLAIN, WHOLE_STORE = "Picus without TLS", "Picus with the whole certificate store"
TIMEOUT_SECONDS = 30
NUMBER = 10**9
"""No other scenario has this key."""


def run(recorder: Recorder, database: Database) -> None:
    """Measure over TLS, with the certificate authorities that each function loads on AWS."""
    recorder.say("packaging by Zappa's defaults")
    picus, *peers = functions()
    with tls_endpoint(database) as port:
        few, whole = _bundles()
        url = {"DYNAMODB_ENDPOINT_URL": f"https://127.0.0.1:{port}"}
        contestants = [replace(picus, settings={**url, "AWS_CA_BUNDLE": str(few)})]
        for peer in [*peers, replace(picus, name=WHOLE_STORE)]:
            contestants.append(replace(peer, settings={**peer.settings, **url, "AWS_CA_BUNDLE": str(whole)}))
        contestants.append(replace(picus, name=PLAIN))
        start_in_turns(recorder, COLD, contestants, database, max(3, recorder.rounds // 2))


def _bundles() -> tuple[Path, Path]:
    """Return two files: Amazon's authorities, as Picus loads them for a server of AWS, and botocore's whole store.

    Each contains the endpoint's authority too: a server on this machine is trusted by AWS_CA_BUNDLE only.
    """
    import botocore  # noqa: PLC0415

    from picus_api.core.dynamodb.tls import amazon_authorities  # noqa: PLC0415

    few, whole = WORK / "few.pem", WORK / "whole.pem"
    few.write_text(amazon_authorities() + "\n" + AUTHORITY.read_text())
    whole.write_text((Path(botocore.__file__).parent / "cacert.pem").read_text() + AUTHORITY.read_text())
    return few, whole


def start_in_turns(
    recorder: Recorder, scenario: str, contestants: list[Function], database: Database, rounds: int
) -> None:
    """Start each function once to fill the file cache, then measure them in turns."""
    runs = {function.name: partial(_start, database, function) for function in contestants}
    for start in runs.values():
        start()
    recorder.record(scenario, runs, rounds)


def _start(database: Database, function: Function) -> Sample:
    """Start the function and let it delete one item. Raises BenchError if the item is still there."""
    key = items.key(NUMBER)
    database.client.fill(TABLE, NUMBER, NUMBER + 1)
    log = WORK / "cold_start.log"
    with _RuntimeApi(_event(key)) as api, log.open("wb") as output:
        command = [sys.executable, "-m", "awslambdaric", function.handler]
        env = {**environment(database, TABLE), **_environment(function, api.server_port), **function.settings}
        with pinned(SERVER_CORE):
            started = time.perf_counter()
            process = subprocess.Popen(command, cwd=function.folder, env=env, stdout=output, stderr=output)
        try:
            api.invoke()
        finally:
            process.kill()
            process.wait()
    status = json.loads(api.response or b"{}").get("statusCode")
    deleted = b'"Item"' not in database.client.get(TABLE, key)
    if status != 200 or not (deleted or function.name == NOOP):
        raise BenchError(f"status {status}, deleted: {deleted}, {api.response!r}; its log is {log}")
    figures = {"total": api.responded - started, "init": api.asked - started, "invoke": api.responded - api.asked}
    return {f"{name}_ms": seconds * 1000 for name, seconds in figures.items()} | {"zip_mb": function.zip_mb}


def _event(key: str) -> bytes:
    """Return the event of API Gateway's REST proxy integration, as much of it as a handler may need.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    path = f"/picus/{key}"
    event = {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "DELETE",
        "headers": {"Host": "localhost"},
        "multiValueHeaders": {"Host": ["localhost"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {"path": f"/local{path}", "stage": "local", "identity": {"sourceIp": "127.0.0.1"}},
        "body": None,
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()


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
