"""Read the body of a request: all of it or an error, never more than the limit, and only for a limited time."""

from collections.abc import Iterator
from contextlib import contextmanager

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
        with limit_time(request, settings.BODY_SECONDS):
            body: bytes = request.META["wsgi.input"].read(length)
    except TimeoutError:
        raise BodyTimeout from None
    except OSError:
        raise IncompleteBody from None
    if len(body) < length:
        raise IncompleteBody
    return body


@contextmanager
def limit_time(request: HttpRequest, seconds: float) -> Iterator[None]:
    """Let reads of the body raise TimeoutError after ``seconds`` in all, and when the client is too slow.

    A client that is silent, or sends a byte now and then, must not keep a thread. The server's reader has the limit
    (picus_project/server/unreader.py).
    """
    limit = getattr(request.META["wsgi.input"], "limit_time", None)
    if limit is None:
        yield
        return
    limit(seconds)
    try:
        yield
    finally:
        limit(None)
