"""One client connection: receive and parse requests, and write responses, with gunicorn's HTTP/1.1 parser."""

import errno
import io
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException

from picus_api.core.capacity import TRAILERS_KEY
from picus_project.server.early_errors import error_response, timeout_response
from picus_project.server.request import ServerRequest, ServerRequestParser
from picus_project.server.request_framing import (
    MAX_BUFFERED_BYTES,
    Completeness,
    completeness,
    has_head,
    has_no_body,
)
from picus_project.server.response import ServerResponse
from picus_project.server.thread_limit import ThreadLimit

READ_SECONDS = 10
"""How long a client may pause within a request. (BODY_SECONDS limits the whole body.)"""
SEND_SECONDS = 60
"""How long a client may take nothing of a response."""
_DISCARD_SECONDS = 5.0
_PROBES = (b"GET /__lbheartbeat__ ", b"HEAD /__lbheartbeat__ ")
_PROBE_BYTES = 2048
_DISCONNECTED = (
    errno.EPIPE,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.ENOTCONN,
    errno.EAGAIN,  # READ_SECONDS or SEND_SECONDS have passed
    errno.ETIMEDOUT,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
)

Environ = MutableMapping[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class _CachedConfig:
    """gunicorn's configuration with each setting looked up once: a request needs about twenty of them."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._cfg, name)
        setattr(self, name, value)
        return value


_cached_config = lru_cache(maxsize=1)(_CachedConfig)


def limit_read_time(sock: socket.socket) -> None:
    """Make reads raise BlockingIOError after a pause of READ_SECONDS."""
    # The kernel's timeout: Python's own costs one more system call for each read.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))


class ClientConnection:
    """An accepted socket, used by one thread at a time.

    ``deadline``: when the worker closes the connection if nothing arrives (monotonic seconds). ``request_started``:
    since when an incomplete request has been arriving (monotonic seconds), or None.
    """

    def __init__(self, cfg: Any, log: Any, slow_clients: ThreadLimit, sock: socket.socket, client: Any) -> None:
        sock.setblocking(True)
        limit_read_time(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        # Send a response at once, not when the client has acknowledged the previous one.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.fd = sock, sock.fileno()
        self.deadline = 0.0
        self.request_started: float | None = None
        cfg = _cached_config(cfg)
        self._cfg, self._log, self._slow_clients = cfg, log, slow_clients
        self._client, self._server = client, sock.getsockname()
        self._is_reset = False
        self._parser = ServerRequestParser(cfg, sock, client)

    @property
    def has_buffered_data(self) -> bool:
        """Return True if a part of the next request arrived with the previous one."""
        return bool(self._parser.unreader.buf.getvalue())

    def receive(self) -> Completeness:
        """Receive what has arrived, without waiting, and return how complete the next request is.

        Nothing is received if a whole request is buffered already.
        """
        data = self._parser.unreader.buf.getvalue()
        if not data or completeness(data) is not Completeness.COMPLETE:
            piece = self._receive_available()
            if piece == b"":
                return Completeness.COMPLETE
            data += piece or b""
        found = completeness(data)
        partial = data and found is not Completeness.COMPLETE
        self.request_started = (self.request_started or time.monotonic()) if partial else None
        return found

    def _receive_available(self) -> bytes | None:
        """Return and buffer what has arrived: None if nothing, b"" if the client has closed or is gone."""
        try:
            piece = self.sock.recv(MAX_BUFFERED_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""  # the parser's next read raises the error
        buffer = self._parser.unreader.buf
        buffer.seek(0, os.SEEK_END)
        buffer.write(piece)
        return piece

    def send_timeout(self) -> None:
        """Send 408 if the client has sent the head but not the rest, 503 if no thread could take the request."""
        data = self._parser.unreader.buf.getvalue()
        if self.request_started is not None and has_head(data):
            status = 408 if completeness(data) is Completeness.PARTIAL else 503
            with suppress(OSError):
                self.sock.send(timeout_response(status, self._log), socket.MSG_DONTWAIT)

    def respond(self, application: Application, *, closing: bool) -> bool:
        """Read one request and write the response of ``application``, a WSGI application.

        ``closing``: make this the last response. Return True if the connection can be used again.
        """
        self.request_started = None
        response: ServerResponse | None = None
        try:
            response, environ = self._create(cast(ServerRequest, next(self._parser)))
            if closing:
                response.force_close()
            _send_body(application(environ, response.start_response), response)
            return not response.should_close() and self._discard_body(environ)
        except (NoMoreData, StopIteration):
            return False
        except Exception as error:
            self._handle_error(error, response)
            return False

    def _create(self, request: ServerRequest) -> tuple[ServerResponse, Environ]:
        # A client that is refused (413, for example) is not asked for its body first.
        expects_continue = request.take_expectation()
        created = wsgi.create(request, self.sock, self._client, self._server, self._cfg, response_class=ServerResponse)
        response, environ = cast(tuple[ServerResponse, Environ], created)
        environ["wsgi.multithread"] = True
        response.slow_clients = self._slow_clients
        if expects_continue:
            request.continue_on_read(response.send_continue)
        if request.version >= (1, 1):
            environ[TRAILERS_KEY] = response.send_trailers
        return response, environ

    def _handle_error(self, error: Exception, response: ServerResponse | None) -> None:
        """Send an error response. If a response has started, only log: the client sees that it is incomplete."""
        if isinstance(error, OSError) and error.errno in _DISCONNECTED:
            self._log.debug("client disconnected: %s", error)
        elif response is not None and response.has_started:
            about = {"request_id": dict(response.headers).get("X-Request-Id")}
            if isinstance(error, ParseException):
                self._log.info("response is incomplete: the request body is malformed: %s", error, extra=about)
            else:
                self._log.error("response is incomplete", exc_info=error, extra=about)
            if not response.chunked:
                # The end of the connection would end the body: only a reset tells the client (RFC 9112, section 8).
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._is_reset = True
        else:
            try:
                self.sock.sendall(error_response(error, self._log))
            except OSError as disconnected:
                self._log.debug("client disconnected: %s", disconnected)

    def _discard_body(self, environ: Environ) -> bool:
        """Read what the application left of the body, within limits. Return True if the next request starts here."""
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return True
        return bool(self._parser.finish_body(deadline=time.monotonic() + _DISCARD_SECONDS))

    def has_liveness_probe(self) -> bool:
        """Return True if a whole liveness probe waits unread. Its response does not need DynamoDB."""
        if self.has_buffered_data:
            return False
        try:
            waiting = self.sock.recv(_PROBE_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return False
        return waiting.startswith(_PROBES) and has_no_body(waiting)

    def shut_down(self) -> None:
        """Stop sending. The client gets everything only if the socket is not closed while it holds unread bytes."""
        self._parser.unreader.buf = io.BytesIO()
        if self._is_reset:
            return
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def is_closed_by_client(self) -> bool:
        """Discard what has arrived since ``shut_down``. Return True if the client has closed its side, too."""
        try:
            return not self.sock.recv(MAX_BUFFERED_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Close the socket at once."""
        self._parser.unreader.buf = io.BytesIO()
        with suppress(OSError):
            self.sock.close()


def _send_body(pieces: Iterable[bytes], response: ServerResponse) -> None:
    try:
        for piece in pieces:
            response.write(piece)
        response.close()
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
