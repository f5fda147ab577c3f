"""What a client alone can cause is logged at INFO, without a traceback."""

import json

import pytest

from tests.service.conftest import Shared, gunicorn
from tests.service.raw_socket import open_socket, read_until_closed

HEAD = b"POST /picus/put HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n%b\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
BROKEN = {
    "a request line": b"nonsense\r\n\r\n",
    "a field": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a foreign Host and malformed chunks": HEAD % (b"evil.example", CHUNKED) + b"zz\r\n{}\r\n",
    "a foreign Host and a cut off chunk": HEAD % (b"evil.example", CHUNKED) + b"5\r\n{}",
    "a foreign Host and a cut off body": HEAD % (b"evil.example", b"Content-Length: 9") + b"{}",
    "a foreign Host and a forbidden trailer": HEAD % (b"evil.example", CHUNKED) + b"0\r\nHost: x\r\n\r\n",
    "malformed chunks": HEAD % (b"127.0.0.1", CHUNKED) + b"2\r\n{}zz\r\n",
    "an unknown path and malformed chunks": HEAD.replace(b"/picus/put", b"/x") % (b"127.0.0.1", CHUNKED) + b"-\r\n",
    "another coding": HEAD % (b"127.0.0.1", b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "an expectation": HEAD % (b"127.0.0.1", b"Expect: miracles"),
}


def test_broken_requests_are_lines_at_info(shared: Shared, capfd: pytest.CaptureFixture[str]) -> None:
    table = shared[0]
    endpoint = table.meta.client.meta.endpoint_url
    with gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=endpoint) as client:
        for name, data in BROKEN.items():
            with open_socket(client) as sock:
                sock.sendall(data)
                sock.shutdown(1)
                received = read_until_closed(sock)
            assert received.count(b"HTTP/1.1 ") == 1, (name, received)
            assert received.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")), (name, received)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    assert len([line for line in lines if line.get("status", 0) >= 400]) == len(BROKEN)
    assert [line for line in lines if line["level"] != "INFO" or "traceback" in line] == []
