"""Reading a request's body: all of it or an error, never more than the limit, never waiting for ever."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException

WAIT_SECONDS = 10


class BodyTooLarge(APIException):
    """The body is larger than MAX_BODY_BYTES."""

    status_code = 413

    def __init__(self) -> None:
        super().__init__(f"The body is larger than the {settings.MAX_BODY_BYTES} bytes that are accepted.")


class BodyIncomplete(APIException):
    """The body ended before its announced length."""

    status_code = 400
    default_detail = "The body ends before its announced length."


class BodyTimeout(APIException):
    """No more of the body came for a while."""

    status_code = 408
    default_detail = f"The rest of the body did not come within {WAIT_SECONDS} seconds."


def read_body(request: HttpRequest) -> bytes:
    """The whole body. Raises BodyTooLarge before reading any of it, BodyIncomplete, BodyTimeout."""
    length = int(request.META["CONTENT_LENGTH"])
    if length > settings.MAX_BODY_BYTES:
        raise BodyTooLarge
    try:
        with limit_waiting(request):
            body: bytes = request.META["wsgi.input"].read(length)
    except TimeoutError:
        raise BodyTimeout from None
    except OSError:
        raise BodyIncomplete from None
    if len(body) < length:
        raise BodyIncomplete
    return body


@contextmanager
def limit_waiting(request: HttpRequest) -> Iterator[None]:
    """Reads raise TimeoutError after WAIT_SECONDS without a byte: a silent client must not keep a thread."""
    connection = request.META.get("gunicorn.socket")
    if connection is None:
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(WAIT_SECONDS)
    try:
        yield
    finally:
        connection.settimeout(before)
