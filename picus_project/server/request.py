"""Request rules of RFC 9110 and RFC 9112 that gunicorn's parser does not apply."""

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gunicorn.http.body import Body
from gunicorn.http.errors import (
    InvalidHeader,
    InvalidRequestLine,
    LimitRequestHeaders,
    NoMoreData,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import SocketUnreader

from picus_project.server.unreader import LimitedUnreader

MAX_REQUEST_LINE_BYTES = 64 * 1024
MAX_HEAD_BYTES = 128 * 1024
"""Longest header section. CloudFront forwards 32,768 bytes at most, the load balancer 64 KB."""
# uri-host [ ":" port ] of RFC 9110, section 7.2, with the host of RFC 3986, section 3.2.2: no user name.
_HOST = re.compile(r"(?:\[[0-9A-Za-z:.%~_-]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?", re.ASCII)
_CHECKED_FIELDS = frozenset({"CONNECTION", "HOST", "TRANSFER-ENCODING"})
_ABSOLUTE_FORM = re.compile(r"https?://([^/?#]+)", re.IGNORECASE)


class UnsupportedMethod(ParseException):
    """The method makes sense for a proxy only: CONNECT."""


class ServerRequest(Request):
    """A parsed request head. The authority of an absolute-form target has replaced the Host field."""

    method: str
    uri: str
    version: tuple[int, int]
    body: Body
    _expected_100_continue: bool

    def parse(self, unreader: Any) -> Any:
        """Parse the head and check it. Return the bytes behind it. Raise ParseException for an invalid head."""
        self.limit_request_line, self.max_buffer_headers = MAX_REQUEST_LINE_BYTES, MAX_HEAD_BYTES
        rest = super().parse(unreader)
        if self.method == "CONNECT":
            raise UnsupportedMethod("CONNECT")
        # A later minor version gets the response of the highest supported one (RFC 9110, section 2.5).
        self.version = min(self.version, (1, 1))
        self._check_fields()
        if not self.uri.startswith("/") and self.uri != "*":
            self._replace_host()
        return rest

    def read_into(  # type: ignore[override]  # the stubs are older
        self, unreader: Any, buf: bytearray, stop: bool = False
    ) -> None:
        """Read more of the head into ``buf``.

        Raises LimitRequestHeaders if ``buf`` is too long already: gunicorn checks only after it has read more.
        """
        self._check_length(buf)
        super().read_into(unreader, buf, stop)

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> Any:
        """Return the fields of a head or of trailers. Raises ParseException.

        gunicorn does not check the length of a head whose end came with the bytes that made it too long.
        """
        if not from_trailer:
            self._check_length(data)
        return super().parse_headers(data, from_trailer)

    def _check_length(self, fields: bytes | bytearray) -> None:
        if len(fields) > self.max_buffer_headers:
            raise LimitRequestHeaders("max buffer headers")

    def _check_fields(self) -> None:
        found: dict[str, str] = {}
        for name, value in self.headers:
            if name in _CHECKED_FIELDS:
                found[name] = f"{found[name]},{value}" if name in found else value
        options = _members(found.get("CONNECTION", ""))
        self._is_last = "close" in options or (self.version < (1, 1) and "keep-alive" not in options)
        if "TRANSFER-ENCODING" in found:
            _check_transfer_codings(found["TRANSFER-ENCODING"])
        if "HOST" in found:
            _check_host(found["HOST"])
        elif self.version >= (1, 1):
            raise InvalidHeader("Host is missing")  # RFC 9112, section 3.2

    def _replace_host(self) -> None:
        """Let the authority of an absolute-form target replace the Host field (RFC 9112, section 3.2.2)."""
        target = _ABSOLUTE_FORM.match(self.uri)
        if target is None or not _HOST.fullmatch(target[1]) or target[1].startswith(":"):
            raise InvalidRequestLine(self.uri)
        self.headers = [field for field in self.headers if field[0] != "HOST"] + [("HOST", target[1])]

    def set_body_reader(self) -> None:
        """Prepare the body, and let its reader limit the time for it (LimitedUnreader.limit_time)."""
        super().set_body_reader()
        if isinstance(self.unreader, LimitedUnreader):
            self.body.limit_time = self.unreader.limit_time  # type: ignore[attr-defined]

    def take_expectation(self) -> bool:
        """Return True if the client waits to send a body, and keep gunicorn from sending 100 Continue at once."""
        # A chunked body has no length.
        expected = self._expected_100_continue and getattr(self.body.reader, "length", 1) > 0
        self._expected_100_continue = False
        return expected

    def continue_on_read(self, send_continue: Callable[[], None]) -> None:
        """Call ``send_continue`` when the application starts to read the body (RFC 9110, section 10.1.1)."""
        self.body.reader = _ContinueReader(self.body.reader, send_continue)  # type: ignore[assignment]

    def should_close(self) -> bool:
        """Return True if this is the connection's last request (RFC 9112, section 9.3)."""
        return bool(self.must_close or self._is_last)


class _ContinueReader:
    """Call ``send_continue`` before the first read of a body."""

    def __init__(self, reader: Any, send_continue: Callable[[], None]) -> None:
        self._reader, self._send_continue, self._is_read = reader, send_continue, False

    @property
    def length(self) -> int:
        """Return how many bytes are unread. A body that the client may never send counts as too large to discard."""
        return getattr(self._reader, "length", 0) if self._is_read else sys.maxsize

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes."""
        if not self._is_read:
            self._is_read = True
            self._send_continue()
        return bytes(self._reader.read(size))


class ServerRequestParser(RequestParser):
    """Parse the requests of one connection as ServerRequest."""

    mesg_class = ServerRequest

    def __init__(self, cfg: Any, sock: Any, client: Any) -> None:
        super().__init__(cfg, sock, client)
        if isinstance(self.unreader, SocketUnreader):
            self.unreader = LimitedUnreader(sock)

    def finish_body(  # type: ignore[override]  # the stubs are older
        self, deadline: float | None = None, max_bytes: int | None = None
    ) -> bool:
        """Discard what is unread of a body. Return False if the connection can't be used for another request."""
        try:
            return bool(super().finish_body(deadline, max_bytes))
        except (ParseException, NoMoreData):
            # The client has its response, and sent a body that is malformed or incomplete.
            return False


@lru_cache(maxsize=64)
def _check_host(host: str) -> None:
    if not _HOST.fullmatch(host):
        raise InvalidHeader(f"Host is {host!r}")


@lru_cache(maxsize=64)
def _members(value: str) -> frozenset[str]:
    """Return the members of a list of tokens in lower case."""
    return frozenset(member.strip(" \t").lower() for member in value.split(","))


def _check_transfer_codings(value: str) -> None:
    """Raise UnsupportedTransferCoding for a coding other than ``chunked`` (RFC 9112, section 6.1)."""
    codings = _members(value)
    if "" in codings:
        raise InvalidHeader("Transfer-Encoding has an empty member")
    if codings != {"chunked"}:
        raise UnsupportedTransferCoding(value)
