"""Reading a request's body: all of it or an error, never more than the limit, never waiting for ever."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException

# Where the reading of a chunked body leaves its error for the parser to raise.
BODY_ERROR = "picus.body_error"


class BodyTooLarge(APIException):
    """The body is larger than its limit."""

    status_code = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than the {limit} bytes that are accepted.")


class BodyIncomplete(APIException):
    """The body ended before its announced length."""

    status_code = 400
    default_detail = "The body breaks off or is malformed before its end."


class BodyTimeout(APIException):
    """No more of the body came for a while."""

    status_code = 408
    default_detail = "The body did not come in time."


def is_chunked(request: HttpRequest) -> bool:
    """Whether the body comes in chunks, its length unknown."""
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


def is_ndjson(request: HttpRequest) -> bool:
    """Whether the body is to be a line of JSON per item."""
    media_type: str = request.META.get("CONTENT_TYPE", "")
    return media_type.partition(";")[0].strip().lower() == "application/x-ndjson"


def is_plain_utf8(request: HttpRequest) -> bool:
    """Whether the body is neither compressed nor in another charset than JSON's (RFC 8259, section 8.1)."""
    parameters = request.META.get("CONTENT_TYPE", "").lower().partition(";")[2]
    charset = parameters.replace(" ", "").replace('"', "").partition("charset=")[2]
    plain = request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() == "identity"
    return plain and charset in ("", "utf-8", "utf8")


def read_body(request: HttpRequest) -> bytes:
    """The whole body. Raises BodyTooLarge before reading any of it, BodyIncomplete, BodyTimeout."""
    if BODY_ERROR in request.META:
        raise request.META[BODY_ERROR]
    length = int(request.META["CONTENT_LENGTH"])
    if length > settings.MAX_BODY_BYTES:
        raise BodyTooLarge(settings.MAX_BODY_BYTES)
    try:
        with limit_waiting(request, settings.BODY_SECONDS):
            body: bytes = request.META["wsgi.input"].read(length)
    except TimeoutError:
        raise BodyTimeout from None
    except OSError:
        raise BodyIncomplete from None
    if len(body) < length:
        raise BodyIncomplete
    return body


@contextmanager
def limit_waiting(request: HttpRequest, seconds: float) -> Iterator[None]:
    """Reads raise TimeoutError after a pause of the worker's READ_SECONDS, or these seconds in all.

    A silent client, or one that sends a byte now and then, must not keep a thread for ever.
    """
    connection = request.META.get("gunicorn.socket")
    if connection is None:
        yield
        return
    deadline = time.monotonic() + seconds
    _start_watching()
    _deadlines[connection] = deadline
    try:
        yield
        if time.monotonic() > deadline:
            raise TimeoutError
    except BlockingIOError:
        raise TimeoutError from None
    finally:
        del _deadlines[connection]


_deadlines: dict[socket.socket, float] = {}
_watching = threading.Lock()


def _start_watching() -> None:
    """Start this process's watcher, once."""
    if _watching.acquire(blocking=False):
        threading.Thread(target=_end_overdue, name="body-deadlines", daemon=True).start()


def _end_overdue() -> None:
    """Shut the receiving side of connections past their deadline: the read in progress then ends."""
    while True:
        time.sleep(0.5)
        now = time.monotonic()
        for connection, deadline in list(_deadlines.items()):
            if now > deadline:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
