"""What an HTTP/1.1 answer looks like: strict parsing, and the two ways in which a request can go without one.

Strict where leniency would hurt: an answer whose end can't be known, that is malformed or too large is an
error. What is here and in connection.py is all of HTTP that DynamoDB speaks.
"""

from typing import NamedTuple

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024  # a Scan page holds 1 MB of item data: some 6 MB of JSON at worst


class RequestNotSent(Exception):
    """The server can't have seen a complete request. `final`: another attempt would fail as well."""

    def __init__(self, message: str, *, stale: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.stale = stale  # it was a pooled connection that turned out to be dead
        self.final = final


class ResponseLost(Exception):
    """The request was sent, its answer did not come (whole): the operation may have been carried out."""

    def __init__(self, message: str, *, stale: bool = False, status: int = 0) -> None:
        super().__init__(message)
        self.stale = stale  # a pooled connection that ended without one byte of answer
        self.status = status  # the answer's, if it came that far

    @property
    def refused(self) -> bool:
        """Whether the status says, body or not, that the operation was not carried out."""
        return 400 <= self.status < 500


class HttpReply(NamedTuple):
    """A complete answer; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def body_length(declared: str) -> int:
    """Return a Content-Length as a number; ValueError if it is none or too large."""
    if not (declared.isascii() and declared.isdigit()) or int(declared[:12]) > MAX_BODY_BYTES:
        raise ValueError(f"an answer of {declared[:20]!r} bytes")
    return int(declared)


def chunk_length(line: bytes) -> int:
    """Return the length that the first line of a chunk declares; ValueError if malformed."""
    digits = line.partition(b";")[0].strip()
    if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
        raise ValueError(f"a chunk of {digits[:20]!r} bytes")
    return int(digits, 16)


def parse_head(head: bytes) -> tuple[int, bool, dict[str, str]]:
    """Return status, whether the connection stays open, headers (lower-case names); ValueError if bad."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (code.isascii() and code.isdigit() and "200" <= code <= "599"):
        raise ValueError(f"not an HTTP answer: {first[:60]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or (name in headers and name in ("content-length", "transfer-encoding")):
            raise ValueError(f"not an HTTP header: {line[:60]!r}")
        headers[name] = value.strip()
    if "content-length" in headers and "transfer-encoding" in headers:
        raise ValueError("an answer with two lengths")
    return int(code), version == "HTTP/1.1" and headers.get("connection", "").lower() != "close", headers
