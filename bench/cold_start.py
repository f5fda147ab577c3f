"""Cold starts: from the start of a process that enters the function as Lambda does to the end of its first delete."""

import http.client
import json
import socket
import subprocess
import sys
import time
from functools import partial
from io import BufferedRWPair
from typing import Any

from bench import items
from bench.dynamodb import TABLE, Database
from bench.functions import NOOP, Function, functions
from bench.machine import SERVER_CORE, WORK, BenchError, pinned
from bench.measurements import Recorder, Sample
from bench.servers import environment

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
    api = _RuntimeApi()
    with log.open("wb") as output, pinned(SERVER_CORE):
        started = time.perf_counter()
        command = [sys.executable, "-m", "awslambdaric", function.handler]
        env = {**environment(database, TABLE), **_environment(function, api.port), **function.settings}
        process = subprocess.Popen(command, cwd=function.folder, env=env, stdout=output, stderr=output)
    try:
        asked, responded, response = api.invoke(_event(key))
    finally:
        process.kill()
        process.wait()
        api.close()
    status = json.loads(response).get("statusCode")
    deleted = b'"Item"' not in database.client.get(TABLE, key)
    if status != 200 or not (deleted or function.name == NOOP):
        raise BenchError(f"status {status}, deleted: {deleted}, {response.decode()}; its log is {log}")
    figures = {"total_ms": responded - started, "init_ms": asked - started, "invoke_ms": responded - asked}
    return {name: seconds * 1000 for name, seconds in figures.items()} | {"zip_mb": function.zip_mb}


def _event(key: str) -> dict[str, Any]:
    """Return the event of API Gateway's REST proxy integration, as much of it as a handler may need.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    path = f"/picus/{key}"
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
        "requestContext": {"path": f"/local{path}", "stage": "local", "identity": {"sourceIp": "127.0.0.1"}},
        "body": None,
        "isBase64Encoded": False,
    }


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


class _RuntimeApi:
    """Lambda's Runtime API for one invocation.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(TIMEOUT_SECONDS)
        self.port = self._listener.getsockname()[1]
        self._stream: BufferedRWPair[Any, Any] | None = None

    def close(self) -> None:
        self._listener.close()

    def invoke(self, event: dict[str, Any]) -> tuple[float, float, bytes]:
        """Hand out the event. Return when it was asked for, when it was responded to, and the response."""
        method, body = self._request()
        asked = time.perf_counter()
        if method == b"GET":  # otherwise the function reports that its initialisation failed
            self._respond(json.dumps(event).encode())
            _, body = self._request()
        return asked, time.perf_counter(), body

    def _request(self) -> tuple[bytes, bytes]:
        """Return the method and the body of the next request, on the connection that is open or on a new one."""
        while self._stream is None or not (line := self._stream.readline()):
            connection, _ = self._listener.accept()
            connection.settimeout(TIMEOUT_SECONDS)
            self._stream = connection.makefile("rwb")
        length = http.client.parse_headers(self._stream).get("Content-Length", "0")
        return line.split()[0], self._stream.read(int(length))

    def _respond(self, body: bytes) -> None:
        head = (
            "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int((time.time() + TIMEOUT_SECONDS) * 1000)}\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:bench\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        assert self._stream
        self._stream.write(head.encode() + body)
        self._stream.flush()
