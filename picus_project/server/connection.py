"""One client connection: receive requests without waiting for the client."""

import io
import os
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from picus_project.server.early_errors import timeout_response
from picus_project.server.limits import READ_SECONDS
from picus_project.server.request import ServerRequestParser
from picus_project.server.request_framing import (
    SMALL_BYTES,
    Completeness,
    completeness,
    has_head,
    has_no_body,
    missing_bytes,
    takes_much,
)
from picus_project.server.responder import Application, Outcome, Responder, cached_config
from picus_project.server.unreader import LimitedUnreader

_PROBES = (b"GET /__lbheartbeat__ ", b"HEAD /__lbheartbeat__ ")
_PROBE_BYTES = 2048


def limit_read_time(sock: socket.socket) -> None:
    """Make reads raise BlockingIOError after a pause of READ_SECONDS."""
    # The kernel's timeout: Python's own costs one more system call for each read.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))


class ClientConnection:
    """An accepted socket, used by one thread at a time.

    ``deadline``: when the worker closes the connection if nothing happens (monotonic seconds). ``request_started``:
    since when a request has been arriving or waiting for its turn (monotonic seconds), or None. ``received``: bytes of
    that request. ``turn_deadline``: until when it waits for its turn, or None if it does not.
    ``has_claim``: a slow body was cut so that this one gets its turn.
    ``is_armed``: it is idle, and the thread that made it idle has done with it.
    """

    def __init__(self, cfg: Any, log: Any, sock: socket.socket, client: Any) -> None:
        sock.setblocking(True)
        limit_read_time(sock)
        # Send a response at once, not when the client has acknowledged the previous one.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.fd = sock, sock.fileno()
        self.deadline = 0.0
        self.request_started: float | None = None
        self.received = 0
        self.takes_much = False
        self.is_armed = False
        self.turn_deadline: float | None = None
        self.has_claim = False
        self._missing = 0
        self._log = log
        cfg = cached_config(cfg)
        self._parser = ServerRequestParser(cfg, sock, client)
        self.responder = Responder(cfg, log, sock, client, self._parser)

    def cut_slow_body_if(self, yield_thread: Callable[[], bool]) -> None:
        """Cut a slow body as soon as ``yield_thread`` returns True: another request should get its thread."""
        if isinstance(self._parser.unreader, LimitedUnreader):
            self._parser.unreader.yield_thread = yield_thread

    @property
    def has_buffered_data(self) -> bool:
        """Return True if a part of the next request arrived with the previous one."""
        return bool(self._parser.unreader.buf.getvalue())

    @property
    def is_unused(self) -> bool:
        """Return True if no request and no response is under way."""
        return self.request_started is None and not self.responder.is_sending

    def receive(self) -> Completeness:
        """Receive what has arrived, without waiting, and return how complete the next request is.

        Nothing is received if a whole request is buffered already. ``takes_much`` is about a complete request.
        """
        # As long as a large body is incomplete, its head need not be parsed again.
        if self._missing > 0 and self._receive_available() and self._missing > 0:
            return Completeness.PARTIAL
        data = self._parser.unreader.buf.getvalue()
        if not data or completeness(data) is not Completeness.COMPLETE:
            piece = self._receive_available()
            if piece == b"":
                return Completeness.COMPLETE
            data += piece or b""
        found = completeness(data)
        self.takes_much = found is not Completeness.COMPLETE or takes_much(data)
        if found is not Completeness.COMPLETE and data:
            self.request_started = self.request_started or time.monotonic()
            self.received = len(data)
            self._missing = missing_bytes(data) if found is Completeness.PARTIAL else 0
        return found

    def _receive_available(self) -> bytes | None:
        """Return and buffer what has arrived: None if nothing, b"" if the client has closed or is gone."""
        try:
            piece = self.sock.recv(SMALL_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""  # the parser's next read raises the error
        buffer = self._parser.unreader.buf
        buffer.seek(0, os.SEEK_END)
        buffer.write(piece)
        self.received += len(piece)
        self._missing -= len(piece)
        return piece

    def send_timeout(self, *, busy: bool = False) -> None:
        """Send 408 if the client has sent the head but not the rest, 503 if the request did not get its turn.

        ``busy``: send 503 in any case.
        """
        if self.responder.is_sending or self.request_started is None:
            return
        data = self._parser.unreader.buf.getvalue()
        if has_head(data):
            status = 408 if not busy and completeness(data) is Completeness.PARTIAL else 503
            with suppress(OSError):
                self.sock.send(timeout_response(status, self._log), socket.MSG_DONTWAIT)

    def respond(self, application: Application, *, closing: bool) -> Outcome:
        """Handle one request, or go on with its response. ``closing``: make this the connection's last response."""
        if self.responder.is_sending:
            return self.responder.resume()
        self.request_started = self.turn_deadline = None
        self.received = self._missing = 0
        return self.responder.respond(application, closing=closing)

    def has_liveness_probe(self) -> bool:
        """Return True if a whole liveness probe waits unread. Its response does not need DynamoDB."""
        if self.responder.is_sending or self.has_buffered_data:
            return False
        try:
            waiting = self.sock.recv(_PROBE_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return False
        return waiting.startswith(_PROBES) and has_no_body(waiting)

    def shut_down(self) -> None:
        """Stop sending. The client gets everything only if the socket is not closed while it holds unread bytes."""
        self._parser.unreader.buf = io.BytesIO()
        if self.responder.is_reset:
            return
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def is_closed_by_client(self) -> bool:
        """Discard what has arrived since ``shut_down``. Return True if the client has closed its side, too."""
        try:
            return not self.sock.recv(SMALL_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Close the socket at once, and end a response that the client did not take."""
        self.responder.abandon()
        self._parser.unreader.buf = io.BytesIO()
        with suppress(OSError):
            self.sock.close()
