"""A DynamoDB that fails on demand, over real HTTP: a proxy in front of a working one."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

Fault = Callable[[str, int], tuple[int, str] | None]
"""From operation and its count so far (from 1) to status and error code, or None to pass the call on."""

Rewrite = Callable[[str, int, dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
"""From operation, its count and its request to the request to pass on, and what to add to the answer."""


@contextmanager
def faulty_dynamodb(upstream: str, fault: Fault, rewrite: Rewrite | None = None) -> Iterator[str]:
    """The proxy's address. A status of 0 cuts the connection."""
    counts: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            counts[operation] = counts.get(operation, 0) + 1
            failure = fault(operation, counts[operation])
            if failure is None and rewrite:
                request, added = rewrite(operation, counts[operation], json.loads(body))
                status, answer = self._pass_on(json.dumps(request).encode())
                self._answer(status, json.dumps(json.loads(answer) | added).encode())
            elif failure is None:
                self._answer(*self._pass_on(body))
            elif failure and failure[0]:
                error = {"__type": f"com.amazonaws.dynamodb.v20120810#{failure[1]}", "message": "on demand"}
                self._answer(failure[0], json.dumps(error).encode())
            else:
                self.close_connection = True

        def _pass_on(self, body: bytes) -> tuple[int, bytes]:
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")
            }
            try:
                with urlopen(Request(upstream, body, headers), timeout=30) as response:
                    return response.status, response.read()
            except HTTPError as error:
                return error.code, error.read()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with http_server(Handler) as url:
        yield url


@contextmanager
def http_server(answers: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server of this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
