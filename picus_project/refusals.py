"""What does not reach Django is answered like what does: gunicorn's own refusals in the service's error shape."""

from http import HTTPStatus
from os import urandom
from typing import Any

from gunicorn.http import errors

from picus_api.core import messages

_STATUS: dict[type[BaseException], int] = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
    errors.UnsupportedTransferCoding: 501,
    # These two are about the application's own answer; newer than the type stubs.
    errors.InvalidResponseHeader: 500,  # type: ignore[attr-defined]
    errors.InvalidResponseHeaderName: 500,  # type: ignore[attr-defined]
}
_REASONS = {
    414: "its path is too long",
    417: "its expectation can't be met",
    431: "its headers are too large",
    501: "its transfer encoding is not known",
}
_LATE = {408: "The body did not come in time.", 503: messages.BUSY}


def refusal(error: BaseException, log: Any) -> bytes:
    """The whole answer to a request that is not proper HTTP, or one that the application failed; logs it."""
    status = _STATUS.get(type(error), 400 if isinstance(error, errors.ParseException) else 500)
    about = _about(status)
    if status == 500:
        log.error("unhandled", exc_info=error, extra=about)
        return _answer(messages.INTERNAL, **about)
    log.warning("refused: %s", error, extra=about)
    return _answer(f"The request is not proper HTTP: {_REASONS.get(status, 'it is malformed')}.", **about)


def too_late(status: int, log: Any) -> bytes:
    """The whole answer to a request that did not come (408), or could not be taken on (503), in time; logs it."""
    about = _about(status)
    log.warning("refused: it took too long", extra=about)
    return _answer(_LATE[status], **about)


def _about(status: int) -> dict[str, Any]:
    return {"status": status, "request_id": urandom(16).hex()}


def _answer(sentence: str, status: int, request_id: str) -> bytes:
    body = messages.encode(messages.error(sentence))
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
