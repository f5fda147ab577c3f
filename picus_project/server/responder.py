"""Handle the requests of one connection one by one: call the application and send its response in steps."""

import errno
import logging
import socket
import struct
import time
from collections.abc import Callable, Generator, Iterable, MutableMapping
from enum import Enum
from functools import lru_cache
from typing import Any, cast

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException

from picus_api.core.capacity import HUNG_UP_KEY, TRAILERS_KEY
from picus_api.core.errors import PicusError
from picus_project.server.early_errors import error_response
from picus_project.server.limits import GRACE_SECONDS, MIN_BYTES_PER_SECOND
from picus_project.server.request import ServerRequest, ServerRequestParser
from picus_project.server.response import ServerResponse
from picus_project.server.unreader import has_hung_up

_DISCARD_SECONDS = 5.0
_DISCONNECTED = (
    errno.EPIPE,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.ENOTCONN,
    errno.EAGAIN,
    errno.ETIMEDOUT,  # READ_SECONDS have passed
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
)

Environ = MutableMapping[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class Outcome(Enum):
    """The state of a response after a step."""

    DONE = "the connection can be used again"
    LAST = "the connection must be closed"
    UNSENT = "the response goes on when the socket is writable"


class _CachedConfig:
    """gunicorn's configuration with each setting looked up once: a request needs about twenty of them."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._cfg, name)
        setattr(self, name, value)
        return value


cached_config = lru_cache(maxsize=1)(_CachedConfig)


class Responder:
    """Respond to the requests of a connection. A response that the client does not take waits without a thread.

    ``is_reset``: the end of the connection must be a reset, because a response broke off. ``send_by``: until when the
    client has to take the unsent bytes (monotonic seconds).
    """

    is_reset = False
    send_by = 0.0

    def __init__(self, cfg: Any, log: Any, sock: socket.socket, client: Any, parser: ServerRequestParser) -> None:
        self._cfg, self._log, self._sock, self._parser = cfg, log, sock, parser
        self._client, self._server = client, sock.getsockname()
        self._response: ServerResponse | None = None
        self._steps: Generator[None, None, bool] | None = None

    @property
    def is_sending(self) -> bool:
        """Return True if a response has started that the client has not taken yet."""
        return self._steps is not None

    @property
    def unsent_bytes(self) -> int:
        """Return how many bytes the client has to take before its response goes on."""
        return len(self._response.unsent) if self._response is not None else 0

    def respond(self, application: Application, *, closing: bool) -> Outcome:
        """Read one request and write the response of ``application``, a WSGI application.

        ``closing``: make this the last response.
        """
        self._steps = self._respond(application, closing)
        return self.resume()

    def flush(self) -> bool:
        """Send unsent bytes. Return True if the response can go on."""
        assert self._response is not None
        try:
            return self._response.flush()
        except OSError:
            return True  # it happens again when the response goes on

    def resume(self) -> Outcome:
        """Go on with a response that the client had not taken."""
        assert self._steps is not None
        try:
            next(self._steps)
        except StopIteration as end:
            self._steps = self._response = None
            return Outcome.DONE if end.value else Outcome.LAST
        return Outcome.UNSENT

    def _respond(self, application: Application, closing: bool) -> Generator[None, None, bool]:
        """Yield each time the socket is full. Return True if the connection can be used for another request."""
        response: ServerResponse | None = None
        try:
            response, environ = self._create(cast(ServerRequest, next(self._parser)))
            self._response = response
            if closing:
                response.force_close()
            yield from self._send_body(application(environ, response.start_response), response)
            return not response.should_close() and self._discard_body(environ)
        except (NoMoreData, StopIteration):
            return False
        except Exception as error:
            self._handle_error(error, response)
            return False

    def _create(self, request: ServerRequest) -> tuple[ServerResponse, Environ]:
        # A client that is refused (413, for example) is not asked for its body first.
        expects_continue = request.take_expectation()
        created = wsgi.create(request, self._sock, self._client, self._server, self._cfg, response_class=ServerResponse)
        response, environ = cast(tuple[ServerResponse, Environ], created)
        environ["wsgi.multithread"] = True
        environ[HUNG_UP_KEY] = self._has_hung_up
        if expects_continue:
            request.continue_on_read(response.send_continue)
        if request.version >= (1, 1):
            environ[TRAILERS_KEY] = response.send_trailers
        return response, environ

    def _send_body(self, pieces: Iterable[bytes], response: ServerResponse) -> Generator[None, None, None]:
        try:
            for number, piece in enumerate(pieces):
                # A stream has a piece for each request to DynamoDB. The only piece of another body may be empty, too.
                if number and not piece and self._has_hung_up():
                    raise ConnectionAbortedError(errno.ECONNABORTED, "the client has closed the connection")
                response.write(piece)
                del piece  # the response has a copy
                if response.unsent:
                    yield from self._until_sent(response)
            response.close()
            if response.unsent:
                yield from self._until_sent(response)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _until_sent(self, response: ServerResponse) -> Generator[None, None, None]:
        self.send_by = time.monotonic() + GRACE_SECONDS + len(response.unsent) / MIN_BYTES_PER_SECOND
        while response.unsent and not response.flush():
            yield

    def _has_hung_up(self) -> bool:
        return has_hung_up(self._sock)

    def _handle_error(self, error: Exception, response: ServerResponse | None) -> None:
        """Send an error response. If a response has started, only log: the client sees that it is incomplete."""
        if isinstance(error, OSError) and error.errno in _DISCONNECTED:
            self._log.debug("client disconnected: %s", error)
        elif response is not None and response.has_started:
            about = {"request_id": dict(response.headers).get("X-Request-Id")}
            if isinstance(error, ParseException):
                self._log.info("response is incomplete: the request body is malformed: %s", error, extra=about)
            elif isinstance(error, PicusError):
                # DynamoDB failed, or the client's access ended: a traceback would say nothing more.
                about |= {"code": error.code, "cause": error.cause}
                self._log.log(error.log_level or logging.INFO, "response is incomplete", extra=about)
            else:
                self._log.error("response is incomplete", exc_info=error, extra=about)
            if not response.chunked:
                # The end of the connection would end the body: only a reset tells the client (RFC 9112, section 8).
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.is_reset = True
        else:
            try:
                self._sock.send(error_response(error, self._log), socket.MSG_DONTWAIT)
            except OSError as disconnected:
                self._log.debug("client disconnected: %s", disconnected)

    def _discard_body(self, environ: Environ) -> bool:
        """Read what the application left of the body, within limits. Return True if the next request starts here."""
        if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
            return True
        return bool(self._parser.finish_body(deadline=time.monotonic() + _DISCARD_SECONDS))

    def abandon(self) -> None:
        """End a response that the client did not take."""
        steps, self._steps, self._response = self._steps, None, None
        try:
            if steps is not None:
                steps.close()
        except Exception:
            self._log.exception("response could not be ended")
