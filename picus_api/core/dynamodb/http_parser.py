"""Parse HTTP/1.1 responses strictly: a response that is malformed, too large or without a clear end is an error.

This module and http_connection.py have all of HTTP that DynamoDB needs.
"""

from typing import NamedTuple

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024  # a Scan page holds 1 MB of item data: some 6 MB of JSON at worst


class RequestNotSent(Exception):
    """The server can't have received a complete request.

    ``stale``: the connection came from the pool and was dead. ``final``: another attempt would fail too.
    """

    def __init__(self, message: str, *, stale: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.stale = stale
        self.final = final


class ResponseLost(Exception):
    """The request was sent and no complete response arrived: the operation may have been carried out.

    ``stale``: a pooled connection ended without one byte of a response. ``status``: the status of the response, if that
    part arrived.
    """

    def __init__(self, message: str, *, stale: bool = False, status: int = 0) -> None:
        super().__init__(message)
        self.stale = stale
        self.status = status

    @property
    def refused(self) -> bool:
        """Return True if the status alone proves that the operation was not carried out."""
        return 400 <= self.status < 500


class HttpReply(NamedTuple):
    """A complete response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def body_length(declared: str) -> int:
    """Return a Content-Length as a number. Raises ValueError if it is malformed or too large."""
    if not (declared.isascii() and declared.isdigit()) or int(declared[:12]) > MAX_BODY_BYTES:
        raise ValueError(f"a response of {declared[:20]!r} bytes")
    return int(declared)


def chunk_length(line: bytes) -> int:
    """Return the length in the first line of a chunk. Raises ValueError."""
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
        raise ValueError(f"a chunk of {digits[:20]!r} bytes")
    return int(digits, 16)


def parse_head(head: bytes) -> tuple[int, bool, dict[str, str]]:
    """Return the status, True if the connection stays open, and the headers by lower-case name. Raises ValueError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (code.isascii() and code.isdigit() and "200" <= code <= "599"):
        raise ValueError(f"not an HTTP response: {first[:60]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or (name in headers and name in ("content-length", "transfer-encoding")):
            raise ValueError(f"not an HTTP header: {line[:60]!r}")
        headers[name] = value.strip()
    if "content-length" in headers and "transfer-encoding" in headers:
        raise ValueError("a response with two lengths")
    return int(code), version == "HTTP/1.1" and headers.get("connection", "").lower() != "close", headers
