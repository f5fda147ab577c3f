"""Error responses for requests that never reach Django, in the service's error format (docs/api.md, Errors)."""

import logging
from http import HTTPStatus
from os import urandom
from typing import Any, NamedTuple

from gunicorn.http import errors

from picus_api.core import messages
from picus_project.server.request import UnsupportedMethod
from picus_project.server.response import http_date


class _EarlyError(NamedTuple):
    status: int
    code: str
    message: str


def _invalid(reason: str, status: int = 400, code: str = "invalid_http") -> _EarlyError:
    return _EarlyError(status, code, f"The request is not valid HTTP/1.1: {reason}.")


_INTERNAL = _EarlyError(500, "internal", messages.INTERNAL)
# The most specific class counts: gunicorn's errors about the application's response are subclasses of those about the
# request.
_BY_TYPE: dict[type[BaseException], _EarlyError] = {
    errors.ParseException: _invalid("it is malformed"),
    errors.InvalidRequestLine: _invalid("its request line is malformed"),
    errors.InvalidHeader: _invalid("a header field is malformed, missing or repeated"),
    errors.InvalidHeaderName: _invalid("the name of a header field is malformed"),
    errors.ObsoleteFolding: _invalid("a header field is folded over several lines"),
    errors.LimitRequestLine: _invalid("its path is too long", 414, "uri_too_long"),
    errors.ExpectationFailed: _invalid("its expectation can't be met", 417, "expectation_failed"),
    errors.LimitRequestHeaders: _invalid("its header fields are too large", 431, "headers_too_large"),
    errors.UnsupportedTransferCoding: _invalid("its transfer coding is not supported", 501, "transfer_coding"),
    UnsupportedMethod: _invalid("its method is for proxies", 501, "method_not_supported"),
    # Both are newer than the type stubs.
    errors.InvalidResponseHeader: _INTERNAL,  # type: ignore[attr-defined]
    errors.InvalidResponseHeaderName: _INTERNAL,  # type: ignore[attr-defined]
}
_UNSUPPORTED_VERSION = _invalid("its version is not supported", 505, "http_version")
_BY_TIMEOUT = {
    408: _EarlyError(408, "request_timeout", "The body did not come in time."),
    503: _EarlyError(503, "busy", messages.BUSY),
}


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


def _find(error: BaseException) -> _EarlyError:
    # gunicorn gives the version as a tuple if it is well-formed.
    if isinstance(error, errors.InvalidHTTPVersion) and isinstance(error.version, tuple):
        return _UNSUPPORTED_VERSION
    return next((_BY_TYPE[base] for base in type(error).__mro__ if base in _BY_TYPE), _INTERNAL)


def timeout_response(status: int, log: Any) -> bytes:
    """Log and return the whole HTTP response to a request that did not arrive (408) or get a thread (503) in time."""
    request_id = urandom(16).hex()
    level = logging.INFO if status == 408 else logging.WARNING
    log.log(level, "request refused: timeout", extra={"status": status, "request_id": request_id})
    return _response(_BY_TIMEOUT[status], request_id)


def _response(error: _EarlyError, request_id: str) -> bytes:
    body = messages.encode({"error": error.message, "code": error.code})
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        f"Date: {http_date()}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
