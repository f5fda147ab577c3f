"""Lambda's Runtime API, as much of it as one invocation needs.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TIMEOUT_SECONDS = 30


class RuntimeApi(ThreadingHTTPServer):
    """Hands out one event and notes when it was asked for and when it was answered."""

    daemon_threads = True

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event = json.dumps(event).encode()
        self.asked = self.answered = 0.0
        """Times of time.perf_counter; zero: not yet."""
        self.answer = b""
        self.done = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """The function is killed after its answer, in the middle of its next question."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: RuntimeApi

    def do_GET(self) -> None:
        """``/2018-06-01/runtime/invocation/next``: the event; a second one never comes."""
        if self.server.asked:
            self.server.done.wait(TIMEOUT_SECONDS)
            self.close_connection = True
            return
        self.server.asked = time.perf_counter()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000001")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + TIMEOUT_SECONDS) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:bench")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.event)))
        self.end_headers()
        self.wfile.write(self.server.event)

    def do_POST(self) -> None:
        """The answer, or the runtime's word on what went wrong."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.server.answered:
            self.server.answered, self.server.answer = time.perf_counter(), body
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.flush()
        self.server.done.set()

    def log_message(self, format: str, *args: object) -> None:
        pass
