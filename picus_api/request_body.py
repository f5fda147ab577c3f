"""Read the body of a request: all of it or an error, never more than the limit, and only for a limited time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.http import HttpRequest

from picus_api.core.errors import (
    BodyTimeout,
    BodyTooLarge,
    IncompleteBody,
    UnsupportedContentCoding,
    UnsupportedMediaType,
)

BODY_ERROR = "picus.body_error"
"""The key in META under which the middleware leaves the error of a chunked body for the parser to raise."""


def is_chunked(request: HttpRequest) -> bool:
    """Return True if the body comes in chunks, without a known length."""
    return "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()


def is_ndjson(request: HttpRequest) -> bool:
    """Return True if the media type of the body is NDJSON."""
    media_type: str = request.META.get("CONTENT_TYPE", "")
    return media_type.partition(";")[0].strip().lower() == "application/x-ndjson"


def check_is_plain_utf8(request: HttpRequest) -> None:
    """Raise an error if the body has a content coding, or another charset than JSON's (RFC 8259, section 8.1).

    Raises UnsupportedContentCoding, UnsupportedMediaType.
    """
    coding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip()
    if coding.lower() not in ("", "identity"):
        raise UnsupportedContentCoding(coding)
    media_type, _, parameters = request.META.get("CONTENT_TYPE", "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "").partition("charset=")[2]
    if charset not in ("", "utf-8", "utf8"):
        raise UnsupportedMediaType(media_type, media_type.strip(), charset)


def read_body(request: HttpRequest) -> bytes:
    """Return the whole body. Raises BodyTooLarge before any of it is read, IncompleteBody, BodyTimeout."""
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
        raise IncompleteBody from None
    if len(body) < length:
        raise IncompleteBody
    return body


@contextmanager
def limit_waiting(request: HttpRequest, seconds: float) -> Iterator[None]:
    """Let reads raise TimeoutError after a pause of the worker's READ_SECONDS, or after ``seconds`` in all.

    A client that is silent, or sends a byte now and then, must not keep a thread.
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
    """Start the watching thread of this process, once."""
    if _watching.acquire(blocking=False):
        threading.Thread(target=_end_overdue_reads, name="body-deadlines", daemon=True).start()


def _end_overdue_reads() -> None:
    """Shut down the receiving side of connections past their deadline, which ends the read in progress."""
    while True:
        time.sleep(0.5)
        now = time.monotonic()
        for connection, deadline in list(_deadlines.items()):
            if now > deadline:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
