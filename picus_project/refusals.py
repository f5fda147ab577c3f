"""What does not reach Django is answered like what does: gunicorn's own refusals in the service's error shape."""

from http import HTTPStatus
from os import urandom
from typing import Any

from gunicorn.http import errors as gunicorn_errors

from picus_api.core import errors
from picus_api.core.errors import PicusError
from picus_api.core.response_body import encode_json

_ERRORS: dict[type[BaseException], type[PicusError]] = {
    gunicorn_errors.LimitRequestLine: errors.UriTooLong,
    gunicorn_errors.LimitRequestHeaders: errors.HeadersTooLarge,
    gunicorn_errors.ExpectationFailed: errors.ExpectationFailed,
    gunicorn_errors.UnsupportedTransferCoding: errors.UnsupportedTransferCoding,
    # These two are about the application's own answer; newer than the type stubs.
    gunicorn_errors.InvalidResponseHeader: errors.InternalError,  # type: ignore[attr-defined]
    gunicorn_errors.InvalidResponseHeaderName: errors.InternalError,  # type: ignore[attr-defined]
}


def refusal(error: BaseException, log: Any) -> bytes:
    """The whole answer to a request that is not proper HTTP, or one that the application failed; logs it."""
    malformed = isinstance(error, gunicorn_errors.ParseException)
    found = _ERRORS.get(type(error), errors.MalformedRequest if malformed else errors.InternalError)()
    request_id = urandom(16).hex()
    about = {"status": found.status, "request_id": request_id}
    if found.status == 500:
        log.error("unhandled", exc_info=error, extra=about)
    else:
        log.warning("refused: %s", error, extra=about)
    return _answer(found, request_id)


def too_late(status: int, log: Any) -> bytes:
    """The whole answer to a request that did not come (408), or could not be taken on (503), in time; logs it."""
    request_id = urandom(16).hex()
    log.warning("refused: it took too long", extra={"status": status, "request_id": request_id})
    return _answer(errors.BodyTimeout() if status == 408 else errors.ServiceBusy(), request_id)


def _answer(error: PicusError, request_id: str) -> bytes:
    body = encode_json(error.body())
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
