"""Borderline requests of RFC 9110 and RFC 9112, chosen from the kinds in gunicorn's and llhttp's test data."""

import re
import socket

from tests.contract.client import Client
from tests.service.raw_socket import open_socket, read_until_closed

HOST = b"Host: 127.0.0.1\r\n"
PING = b"GET /__lbheartbeat__ HTTP/1.1\r\n"
PUT = b"POST /picus/put HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n"


def exchange(client: Client, data: bytes) -> bytes:
    """Send ``data``, half-close, and return everything that the service sends until it closes."""
    with open_socket(client) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return read_until_closed(sock)


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


def head(*fields: bytes, line: bytes = PING) -> bytes:
    return line + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def put(*fields: bytes, body: bytes = b"{}") -> bytes:
    return PUT + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    return CHUNKED + b"\r\n" + body


HOSTS = {
    "none": (head(), 400),
    "two": (head(b"Host: a", b"Host: b"), 400),
    "the same twice": (head(b"Host: a", b"Host: a"), 400),
    "a path": (head(b"Host: a/b"), 400),
    "a user": (head(b"Host: user@a"), 400),
    "a space": (head(b"Host: a b"), 400),
    "a quote": (head(b'Host: "a"'), 400),
    "not ASCII": (head(b"Host: \xe9"), 400),
    "a port that is no number": (head(b"Host: a:b"), 400),
    "an open bracket": (head(b"Host: [::1"), 400),
    "an IPv6 address": (head(b"Host: [::1]:8000"), 200),
    "a foreign name": (head(b"Host: evil.example"), 200),
    "an empty port": (head(b"Host: a:"), 200),
    "an empty value": (head(b"Host:"), 200),
    "none in HTTP/1.0": (head(line=b"GET /__lbheartbeat__ HTTP/1.0\r\n"), 200),
}
TRANSFER_CODINGS = {
    "gzip": (put(b"Transfer-Encoding: gzip"), 501),
    "gzip and chunked": (put(b"Transfer-Encoding: gzip, chunked"), 501),
    "gzip and chunked in two lines": (put(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"), 501),
    "chunked and gzip": (put(b"Transfer-Encoding: chunked, gzip"), 501),
    "identity": (put(b"Transfer-Encoding: identity", b"Content-Length: 2"), 501),
    "deflate and chunked": (put(b"Transfer-Encoding: deflate, chunked"), 501),
    "a misspelt name": (put(b"Transfer-Encoding: xchunked"), 501),
    "a parameter": (put(b"Transfer-Encoding: chunked;q=1"), 501),
    "quotes": (put(b'Transfer-Encoding: "chunked"'), 501),
    "chunked twice": (put(b"Transfer-Encoding: chunked, chunked"), 400),
    "chunked in two lines": (put(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "an empty member": (put(b"Transfer-Encoding: chunked,"), 400),
    "an empty value": (put(b"Transfer-Encoding:"), 400),
    "a vertical tab": (put(b"Transfer-Encoding: \x0bchunked"), 400),
    "a length too": (put(b"Transfer-Encoding: chunked", b"Content-Length: 2"), 400),
    "chunked in HTTP/1.0": (chunked(b"2\r\n{}\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "upper case": (put(b"Transfer-Encoding: CHUNKED", body=b"2\r\n{}\r\n0\r\n\r\n"), 201),
}
LENGTHS = {
    "two": (put(b"Content-Length: 2", b"Content-Length: 3"), 400),
    "the same twice": (put(b"Content-Length: 2", b"Content-Length: 2"), 400),
    "a list": (put(b"Content-Length: 2, 2"), 400),
    "a plus": (put(b"Content-Length: +2"), 400),
    "a minus": (put(b"Content-Length: -2"), 400),
    "hexadecimal": (put(b"Content-Length: 0x2"), 400),
    "a space inside": (put(b"Content-Length: 2 2"), 400),
    "an underscore": (put(b"Content-Length: 0_2"), 400),
    "a superscript digit": (put(b"Content-Length: \xb2"), 400),
    "an empty value": (put(b"Content-Length:"), 400),
    "5,000 digits": (put(b"Content-Length: " + b"9" * 5000), 400),
    "leading zeros": (put(b"Content-Length: 0002"), 201),
    "spaces around it": (put(b"Content-Length: \t 2 \t"), 201),
}
FIELDS = {
    "a folded line": (head(b"Host: a", b"X: 1\r\n 2"), 400),
    "a line folded by a tab": (head(b"Host: a", b"X: 1\r\n\t2"), 400),
    "a first line that begins with a space": (head(b" Host: a"), 400),
    "a space before the colon": (head(b"Host : a"), 400),
    "a tab before the colon": (head(b"Host: a", b"X\t: 1"), 400),
    "no colon": (head(b"Host: a", b"X"), 400),
    "no name": (head(b"Host: a", b": 1"), 400),
    "a bare CR": (head(b"Host: a", b"X: 1\r2"), 400),
    "a bare LF": (head(b"Host: a", b"X: 1\nY: 2"), 400),
    "a NUL": (head(b"Host: a", b"X: 1\x002"), 400),
    "a DEL": (head(b"Host: a", b"X: 1\x7f2"), 400),
    "a name in brackets": (head(b"Host: a", b"(X): 1"), 400),
    "a name that is not ASCII": (head(b"Host: a", b"X\xe9: 1"), 400),
    "LF alone in all lines": (b"GET /__lbheartbeat__ HTTP/1.1\nHost: a\n\n", 400),
    "1,001 fields": (head(b"Host: a", *[b"X: 1"] * 1_000), 431),
    "a value of 70,000 bytes": (head(b"Host: a", b"X: " + b"x" * 70_000), 431),
    "a head without end": (head(b"Host: a", *[b"X: " + b"x" * 1_000] * 150)[:-2], 431),
    "three values of 50,000 bytes": (head(b"Host: a", *[b"X: " + b"x" * 50_000] * 3), 431),
    "a value of 60,000 bytes": (head(b"Host: a", b"X: " + b"x" * 60_000), 200),
    "obs-text in a value": (head(b"Host: a", b"X: \xe9"), 200),
    "no value": (head(b"Host: a", b"X:"), 200),
    "tabs around a value": (head(b"Host:\ta\t"), 200),
}
REQUEST_LINES = {
    "an empty line before": (b"\r\n" + head(b"Host: a"), 200),
    "two empty lines before": (b"\r\n\r\n" + head(b"Host: a"), 400),
    "LF before": (b"\n" + head(b"Host: a"), 400),
    "two spaces": (head(b"Host: a", line=b"GET  /__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "a tab": (head(b"Host: a", line=b"GET\t/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "a space behind": (head(b"Host: a", line=b"GET /__lbheartbeat__ HTTP/1.1 \r\n"), 400),
    "no version": (head(b"Host: a", line=b"GET /__lbheartbeat__\r\n"), 400),
    "a version without a minor number": (head(b"Host: a", line=b"GET /__lbheartbeat__ HTTP/1\r\n"), 400),
    "a version of three digits": (head(b"Host: a", line=b"GET /__lbheartbeat__ HTTP/1.10\r\n"), 400),
    "a version in lower case": (head(b"Host: a", line=b"GET /__lbheartbeat__ http/1.1\r\n"), 400),
    "another protocol": (head(b"Host: a", line=b"GET /__lbheartbeat__ RTSP/1.0\r\n"), 400),
    "HTTP/2.0": (head(b"Host: a", line=b"GET /__lbheartbeat__ HTTP/2.0\r\n"), 505),
    "HTTP/0.9": (head(b"Host: a", line=b"GET /__lbheartbeat__ HTTP/0.9\r\n"), 505),
    "HTTP/1.9": (head(b"Host: a", line=b"GET /__lbheartbeat__ HTTP/1.9\r\n"), 200),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "CONNECT": (head(b"Host: a:443", line=b"CONNECT a:443 HTTP/1.1\r\n"), 501),
    "CONNECT with a path": (head(b"Host: a", line=b"CONNECT /__lbheartbeat__ HTTP/1.1\r\n"), 501),
    "60,000 bytes": (head(b"Host: a", line=b"GET /__lbheartbeat__?%b HTTP/1.1\r\n" % (b"x" * 60_000)), 200),
    "70,000 bytes": (head(b"Host: a", line=b"GET /__lbheartbeat__?%b HTTP/1.1\r\n" % (b"x" * 70_000)), 414),
    "no end": (b"GET /" + b"x" * 100_000, 414),
    "a method of WebDAV": (head(b"Host: a", line=b"PROPFIND /__lbheartbeat__ HTTP/1.1\r\n"), 405),
    "a method in brackets": (head(b"Host: a", line=b"(GET) /__lbheartbeat__ HTTP/1.1\r\n"), 400),
}
TARGETS = {
    "OPTIONS of the server": (head(b"Host: a", line=b"OPTIONS * HTTP/1.1\r\n"), 200),
    "OPTIONS of the server by HTTP/1.0": (head(line=b"OPTIONS * HTTP/1.0\r\n"), 200),
    "GET of the server": (head(b"Host: a", line=b"GET * HTTP/1.1\r\n"), 400),
    "no slash": (head(b"Host: a", line=b"GET __lbheartbeat__ HTTP/1.1\r\n"), 400),
    "a host and a port": (head(b"Host: a", line=b"GET a:80 HTTP/1.1\r\n"), 400),
    "another scheme": (head(b"Host: a", line=b"GET ftp://a/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "a scheme in a query": (head(b"Host: a", line=b"GET x?http://a/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "no authority": (head(b"Host: a", line=b"GET http:///__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "an authority without a host": (head(b"Host: a", line=b"GET http://:80/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "a user": (head(b"Host: a", line=b"GET http://user@a/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "an open bracket": (head(b"Host: a", line=b"GET http://[::1/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "absolute form without Host": (head(line=b"GET http://a/__lbheartbeat__ HTTP/1.1\r\n"), 400),
    "absolute form": (head(b"Host: a", line=b"GET http://a:80/__lbheartbeat__ HTTP/1.1\r\n"), 200),
    "absolute form in upper case": (head(b"Host: a", line=b"GET HTTPS://A/__lbheartbeat__ HTTP/1.1\r\n"), 200),
    "not ASCII": (head(b"Host: a", line=b"GET /\xe9 HTTP/1.1\r\n"), 400),
}
CHUNKS = {
    "an extension": (chunked(b"2;a=1\r\n{}\r\n0;b\r\n\r\n"), 201),
    "a quoted extension": (chunked(b'2;a="b;\\"c"\r\n{}\r\n0\r\n\r\n'), 201),
    "spaces before an extension": (chunked(b"2 ; a = 1\r\n{}\r\n0\r\n\r\n"), 201),
    "zeros before the size": (chunked(b"0002\r\n{}\r\n000\r\n\r\n"), 201),
    "a trailer": (chunked(b"2\r\n{}\r\n0\r\nX: 1\r\n\r\n"), 201),
    "an extension without a name": (chunked(b"2;=1\r\n{}\r\n0\r\n\r\n"), 400),
    "an unfinished quote": (chunked(b'2;a="b\r\n{}\r\n0\r\n\r\n'), 400),
    "CR in an extension": (chunked(b"2;a\rb\r\n{}\r\n0\r\n\r\n"), 400),
    "LF in an extension": (chunked(b"2;a\nb\r\n{}\r\n0\r\n\r\n"), 400),
    "LF behind the size": (chunked(b"2\n{}\r\n0\r\n\r\n"), 400),
    "a space before the size": (chunked(b" 2\r\n{}\r\n0\r\n\r\n"), 400),
    "a space behind the size": (chunked(b"2 \r\n{}\r\n0\r\n\r\n"), 400),
    "a prefix of the size": (chunked(b"0x2\r\n{}\r\n0\r\n\r\n"), 400),
    "an underscore in the size": (chunked(b"0_2\r\n{}\r\n0\r\n\r\n"), 400),
    "no size": (chunked(b"\r\n{}\r\n0\r\n\r\n"), 400),
    "too large a size": (chunked(b"F" * 17 + b"\r\n{}\r\n0\r\n\r\n"), 400),
    "more data than the size": (chunked(b"1\r\n{}\r\n0\r\n\r\n"), 400),
    "a forbidden trailer": (chunked(b"2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n"), 400),
    "no empty line at the end": (chunked(b"2\r\n{}\r\n0\r\n"), 400),
}
EXPECTATIONS = {
    "an unknown one": (put(b"Content-Length: 2", b"Expect: miracles"), [417]),
    "an unknown one beside a known one": (put(b"Content-Length: 2", b"Expect: 100-continue, x"), [417]),
    "a parameter": (put(b"Content-Length: 2", b"Expect: 100-continue;q=1"), [417]),
    "lower case": (put(b"Content-Length: 2", b"Expect: 100-continue"), [100, 201]),
    "mixed case": (put(b"Content-Length: 2", b"Expect: 100-CONTINUE"), [100, 201]),
    "twice": (put(b"Content-Length: 2", b"Expect: 100-continue", b"Expect: 100-continue"), [100, 201]),
    "HTTP/1.0": (put(b"Content-Length: 2", b"Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"), [201]),
}
CASES = {
    f"{kind}: {name}": case
    for kind, cases in {
        "host": HOSTS,
        "coding": TRANSFER_CODINGS,
        "length": LENGTHS,
        "field": FIELDS,
        "line": REQUEST_LINES,
        "target": TARGETS,
        "chunk": CHUNKS,
    }.items()
    for name, case in cases.items()
}
PERSISTENCE = {
    "no Connection field": ([], True),
    "keep-alive": ([b"Connection: keep-alive"], True),
    "close": ([b"Connection: close"], False),
    "close in upper case": ([b"Connection: CLOSE"], False),
    "close behind keep-alive": ([b"Connection: keep-alive, close"], False),
    "close before another option": ([b"Connection: close,TE"], False),
    "close behind an empty member": ([b"Connection: ,\t close"], False),
    "close in the second line": ([b"Connection: keep-alive", b"Connection: close"], False),
    "close in the first line": ([b"Connection: close", b"Connection: keep-alive"], False),
    "an upgrade": ([b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"], True),
    "an option like close": ([b"Connection: x-close"], True),
}
OLD_PERSISTENCE = {
    "no Connection field": ([], False),
    "keep-alive": ([b"Connection: Keep-Alive"], True),
    "keep-alive in a list": ([b"Connection: TE, keep-alive"], True),
    "keep-alive in the second line": ([b"Connection: TE", b"Connection: keep-alive"], True),
    "keep-alive and close": ([b"Connection: close, keep-alive"], False),
}
