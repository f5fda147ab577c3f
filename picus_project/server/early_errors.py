"""Error responses for requests that never reach Django, in the service's error format (docs/api.md, Errors)."""

import logging
from http import HTTPStatus
from os import urandom
from typing import Any

from gunicorn.http import errors as gunicorn_errors

from picus_api.core import errors
from picus_api.core.errors import MalformedRequest, PicusError
from picus_api.core.response_body import encode_json
from picus_project.server.request import UnsupportedMethod
from picus_project.server.response import http_date

# The most specific class counts: gunicorn's errors about the application's response are subclasses of those about the
# request.
_BY_TYPE: dict[type[BaseException], PicusError] = {
    gunicorn_errors.ParseException: MalformedRequest(),
    gunicorn_errors.InvalidRequestLine: MalformedRequest("its request line is malformed"),
    gunicorn_errors.InvalidHeader: MalformedRequest("a header field is malformed, missing or repeated"),
    gunicorn_errors.InvalidHeaderName: MalformedRequest("the name of a header field is malformed"),
    gunicorn_errors.ObsoleteFolding: MalformedRequest("a header field is folded over several lines"),
    gunicorn_errors.LimitRequestLine: errors.UriTooLong(),
    gunicorn_errors.ExpectationFailed: errors.ExpectationFailed(),
    gunicorn_errors.LimitRequestHeaders: errors.HeadersTooLarge(),
    gunicorn_errors.UnsupportedTransferCoding: errors.UnsupportedTransferCoding(),
    UnsupportedMethod: errors.UnsupportedMethod(),
    # Both are newer than the type stubs.
    gunicorn_errors.InvalidResponseHeader: errors.InternalError(),  # type: ignore[attr-defined]
    gunicorn_errors.InvalidResponseHeaderName: errors.InternalError(),  # type: ignore[attr-defined]
}
_BY_TIMEOUT = {408: errors.BodyTimeout(), 503: errors.ServiceBusy()}


def error_response(error: BaseException, log: Any) -> bytes:
    """Log ``error`` and return the whole HTTP response for it.

    gunicorn's errors about the request become 4xx, 501 or 505. Any client can cause them, so they are logged at INFO.
    Any other exception becomes 500 and is logged with its traceback. ``log`` is gunicorn's logger.
    """
    found = _find(error)
    request_id = urandom(16).hex()
    about = {"status": found.status, "request_id": request_id}
    if found.status == 500:
        log.error("unhandled exception", exc_info=error, extra=about)
    else:
        log.info("request refused: %s", error, extra=about)
    return _response(found, request_id)


def _find(error: BaseException) -> PicusError:
    # gunicorn gives the version as a tuple if it is well-formed.
    if isinstance(error, gunicorn_errors.InvalidHTTPVersion) and isinstance(error.version, tuple):
        return errors.UnsupportedHttpVersion()
    return next((_BY_TYPE[base] for base in type(error).__mro__ if base in _BY_TYPE), errors.InternalError())


def timeout_response(status: int, log: Any) -> bytes:
    """Log and return the whole HTTP response to a request that did not arrive (408) or get a thread (503) in time."""
    request_id = urandom(16).hex()
    level = logging.INFO if status == 408 else logging.WARNING
    error = _BY_TIMEOUT[status]
    log.log(level, "request refused: %s", error.code, extra={"status": status, "request_id": request_id})
    return _response(error, request_id)


def _response(error: PicusError, request_id: str) -> bytes:
    body = encode_json(error.body())
    more = "".join(f"{name}: {value}\r\n" for name, value in error.headers().items())
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        f"Date: {http_date()}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n"
        f"{more}"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
