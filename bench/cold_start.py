"""Cold starts: from the start of a process that enters the function as Lambda does to the end of its first delete."""

import json
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench import items
from bench.dynamodb import TABLE, Database
from bench.functions import NOOP, Function, functions
from bench.machine import SERVER_CORE, WORK, BenchError, pinned
from bench.measurements import Recorder, Sample
from bench.servers import HERE, environment

COLD = "cold start"
TIMEOUT_SECONDS = 30
# No other scenario has this key.
NUMBER = 10**9


def run(recorder: Recorder, database: Database) -> None:
    recorder.say("packaging by Zappa's defaults")
    start_in_turns(recorder, COLD, functions(), database, max(3, recorder.rounds // 2))


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
    api = _RuntimeApi(_event(key))
    try:
        with log.open("wb") as output, pinned(SERVER_CORE):
            started = time.perf_counter()
            command = [sys.executable, "-m", "awslambdaric", function.handler]
            env = _environment(database, function, api.server_address[1])
            process = subprocess.Popen(command, cwd=function.folder, env=env, stdout=output, stderr=output)
        api.done.wait(TIMEOUT_SECONDS)
        process.kill()
        process.wait()
    finally:
        api.shutdown()
        api.server_close()
    status = json.loads(api.response or b"{}").get("statusCode")
    deleted = b'"Item"' not in database.client.get(TABLE, key)
    if status != 200 or not (deleted or function.name == NOOP):
        raise BenchError(f"status {status}, deleted: {deleted}, {api.response.decode()}; its log is {log}")
    sample = {"total_ms": (api.responded - started) * 1000, "init_ms": (api.asked - started) * 1000}
    return {**sample, "invoke_ms": sample["total_ms"] - sample["init_ms"], "zip_mb": function.zip_mb}


def _event(key: str) -> dict[str, Any]:
    """Return the event of API Gateway's REST proxy integration.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    path = f"/picus/{key}"
    context = {
        "accountId": "000000000000",
        "apiId": "local",
        "httpMethod": "DELETE",
        "identity": {"sourceIp": "127.0.0.1", "userAgent": None},
        "path": f"/local{path}",
        "protocol": "HTTP/1.1",
        "requestId": "00000000-0000-0000-0000-000000000001",
        "resourcePath": "/{proxy+}",
        "stage": "local",
    }
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "DELETE",
        "headers": {"Host": "localhost"},
        "multiValueHeaders": {"Host": ["localhost"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": context,
        "body": None,
        "isBase64Encoded": False,
    }


def _environment(database: Database, function: Function, api_port: int) -> dict[str, str]:
    return {
        **environment(database, TABLE),
        # Lambda's credentials always come with one.
        "AWS_SESSION_TOKEN": "local",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "PICUS_HANDLER": HERE.handler,
    }


class _RuntimeApi(ThreadingHTTPServer):
    """Lambda's Runtime API for one invocation: hand out the event, note the times of request and response.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    daemon_threads = True

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event = json.dumps(event).encode()
        self.asked = self.responded = 0.0
        self.response = b""
        self.done = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore it: the function is killed after its response, while it asks for the next event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _RuntimeApi

    def do_GET(self) -> None:
        """Hand out the event once. The second request waits until the process is killed."""
        if self.server.asked:
            self.server.done.wait(TIMEOUT_SECONDS)
            self.close_connection = True
            return
        self.server.asked = time.perf_counter()
        self._send(200, self.server.event)

    def do_POST(self) -> None:
        """Take the response, or the runtime's report of an error."""
        self.server.response = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.responded = time.perf_counter()
        self._send(202, b"")
        self.server.done.set()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000001")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + TIMEOUT_SECONDS) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        pass
