"""One client's connection to the service: requests in, answers out, with gunicorn's HTTP/1.1."""

import errno
import io
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any, cast

from gunicorn import http
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData

from picus_api.core.capacity import TRAILERS_KEY
from picus_project.arrival import WAITED_BYTES, Arrival, arrival_of, has_head, is_bare
from picus_project.refusals import refusal, too_late
from picus_project.response import Response
from picus_project.slots import Slots

READ_SECONDS = 10
"""How long a request may pause. (The whole of a body has a limit of its own, picus_api/request_body.py.)"""
SEND_SECONDS = 60
"""How long a client may take nothing of an answer."""
_DRAIN_SECONDS = 5.0
_PROBES = (b"GET /__lbheartbeat__ ", b"HEAD /__lbheartbeat__ ")
_PROBE_BYTES = 2048
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EAGAIN)

Application = Callable[[MutableMapping[str, Any], Any], Iterable[bytes]]


class Connection:
    """An accepted socket, used by one thread at a time. ``deadline``: when it is closed, unused (monotonic)."""

    def __init__(self, cfg: Any, log: Any, slots: Slots, sock: socket.socket, client: Any) -> None:
        # The kernel's timeouts: Python's cost a system call more for each read and write.
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0))
        # An answer leaves at once, not when the client has acknowledged the one before.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.fd = sock, sock.fileno()
        self.deadline = 0.0
        self.begun: float | None = None
        """Since when a request has been arriving (monotonic)."""
        self._cfg, self._log, self._slots, self._client, self._server = cfg, log, slots, client, sock.getsockname()
        self._parser = http.get_parser(cfg, sock, client)

    @property
    def has_more(self) -> bool:
        """Whether something of the next request came with the one before."""
        return bool(self._parser.unreader.buf.getvalue())

    def arrival(self) -> Arrival:
        """Take in what has come, without waiting, unless a whole request is here; how the request stands."""
        buffer = self._parser.unreader.buf
        data = buffer.getvalue()
        if data and arrival_of(data) is Arrival.WHOLE:
            self.begun = None
            return Arrival.WHOLE
        try:
            piece = self.sock.recv(WAITED_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            piece = None
        except OSError:
            return Arrival.WHOLE  # nothing more will come: reading it tells why
        if piece == b"":
            return Arrival.WHOLE
        if piece:
            buffer.seek(0, os.SEEK_END)
            buffer.write(piece)
            data += piece
        found = arrival_of(data)
        self.begun = (self.begun or time.monotonic()) if data and found is not Arrival.WHOLE else None
        return found

    def give_up(self) -> None:
        """Tell the client, if it has said what it wants, that it took too long to come, or to be taken on."""
        data = self._parser.unreader.buf.getvalue()
        if self.begun is not None and has_head(data):
            status = 408 if arrival_of(data) is Arrival.PARTIAL else 503
            with suppress(OSError):
                self.sock.send(too_late(status, self._log), socket.MSG_DONTWAIT)

    def answer(self, application: Application, closing: bool) -> bool:
        """Answer a request. Whether the connection can be used again."""
        self.begun = None
        return self._answer_one(application, closing)

    def is_probed(self) -> bool:
        """Whether a whole request for liveness waits here, unread: the one that is answered without DynamoDB."""
        if self.has_more:
            return False
        try:
            waiting = self.sock.recv(_PROBE_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return False
        return waiting.startswith(_PROBES) and is_bare(waiting)

    def end(self) -> None:
        """Send no more. What was sent arrives as long as the connection isn't closed over unread bytes."""
        self._parser.unreader.buf = io.BytesIO()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def has_ended(self) -> bool:
        """Throw away what came since; whether the client sends no more either."""
        try:
            return not self.sock.recv(WAITED_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Close it, at once."""
        self._parser.unreader.buf = io.BytesIO()
        with suppress(OSError):
            self.sock.close()

    def _answer_one(self, application: Application, closing: bool) -> bool:
        response: Response | None = None
        try:
            request = next(self._parser)
            response, environ = self._begin(request)
            environ["wsgi.multithread"] = True
            response.slots = self._slots
            if closing:
                response.force_close()
            _send(application(environ, response.start_response), response, environ)
            return not response.should_close() and self._body_is_done(environ)
        except (NoMoreData, StopIteration):
            return False
        except Exception as error:
            self._failed(error, response)
            return False

    def _begin(self, request: Any) -> tuple[Response, MutableMapping[str, Any]]:
        made = wsgi.create(request, self.sock, self._client, self._server, self._cfg, response_class=Response)
        return cast(tuple[Response, MutableMapping[str, Any]], made)

    def _failed(self, error: Exception, response: Response | None) -> None:
        """An answer that has begun is cut, so that nobody takes it for a whole one; else the client is told."""
        if isinstance(error, OSError) and error.errno in _GONE:
            self._log.debug("the client is gone: %s", error)
        elif response is not None and response.begun:
            about = {"request_id": dict(response.headers).get("X-Request-Id")}
            self._log.error("the answer breaks off", exc_info=error, extra=about)
        else:
            try:
                self.sock.sendall(refusal(error, self._log))
            except OSError as gone:
                self._log.debug("the client is gone: %s", gone)

    def _body_is_done(self, environ: MutableMapping[str, Any]) -> bool:
        """Whether the next request starts here: what the application left of the body is read, within limits."""
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return True
        return bool(self._parser.finish_body(deadline=time.monotonic() + _DRAIN_SECONDS))


def _send(pieces: Iterable[bytes], response: Response, environ: MutableMapping[str, Any]) -> None:
    try:
        for piece in pieces:
            response.write(piece)
        if TRAILERS_KEY in environ:
            response.trailers = environ[TRAILERS_KEY]()
        response.close()
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
