"""The error table: every error that a client or an operator can meet, with its code, HTTP status and message.

The server, Django, the delete function and the commands render these classes; none of them has a table of its own.
docs/api.md lists the codes, and a test compares that list with this module.
"""

import json
import logging
from collections.abc import Iterable
from itertools import takewhile
from typing import Any, ClassVar

_NOT_COMPARABLE = 'Item with key "{}" has too many attributes to be guarded: replace it once without If-Match'


class PicusError(Exception):
    """An error with a stable ``code`` for programs, an HTTP ``status``, and a ``message`` for the client.

    ``retry_after``: seconds after which the client may try again, or None.
    ``log_level``: the level at which an operator must hear of the error, or None if it is the client's alone.
    """

    code: ClassVar[str] = "internal_error"
    status: int = 500
    message: str = "Something went wrong on our side: the cause is in the service's log."
    retry_after: ClassVar[int | None] = None
    log_level: ClassVar[int | None] = None

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.message
        super().__init__(self.message)

    @property
    def cause(self) -> str:
        """Return the cause for the operator: the underlying error and the id of DynamoDB's request, if there is one."""
        error = self.__cause__ or self
        request_id = getattr(error, "request_id", "")
        return f"{type(error).__name__}: {error}" + (f" (request {request_id})" if request_id else "")

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the response."""
        return {"error": self.message, "code": self.code}

    def headers(self) -> dict[str, str]:
        """Return the header fields that the response needs beside its body."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def log(self, logger: logging.Logger) -> None:
        """Write a log line with the cause, if the operator must hear of this error."""
        if self.log_level is not None:
            logger.log(self.log_level, "request failed", extra={"code": self.code, "cause": self.cause})


# 400: the request


class BadRequest(PicusError):
    """A request that can't be carried out, without a single value at fault."""

    code = "bad_request"
    status = 400
    message = "The request is refused: its Host header or its form is not acceptable."
    pointer: str | None = None


class InvalidJson(BadRequest):
    """A body that is not one JSON object (RFC 8259)."""

    code = "invalid_json"


class InvalidHeader(BadRequest):
    """A header field that is malformed."""

    code = "invalid_header"


class InvalidKey(BadRequest):
    """A key that no item may have."""

    code = "invalid_key"


class IncompleteBody(BadRequest):
    """A body that ends before its announced length, or whose framing is malformed."""

    code = "incomplete_body"
    message = "The body breaks off or is malformed before its end."


class MalformedRequest(BadRequest):
    """Bytes that are not a valid HTTP request (RFC 9112). ``reason``: a clause that says why."""

    code = "invalid_http"

    def __init__(self, reason: str = "it is malformed") -> None:
        super().__init__(f"The request is not valid HTTP/1.1: {reason}.")


class BadValue(BadRequest):
    """A value that JSON or DynamoDB can't hold, and its place in the document.

    ``steps`` is the path to the value, from the outside in. The code that walks a document adds outer steps with
    ``within`` while the error passes through it, so that a valid document pays nothing for its paths.
    """

    code = "invalid_value"

    def __init__(self, message: str, *steps: str | int) -> None:
        super().__init__(message)
        self._steps_outwards = list(reversed(steps))

    def within(self, step: str | int) -> "BadValue":
        """Add the name or index of the container around the value, and return the same error."""
        self._steps_outwards.append(step)
        return self

    @property
    def pointer(self) -> str:  # type: ignore[override]
        """Return the JSON Pointer (RFC 6901) of the value."""
        return json_pointer(reversed(self._steps_outwards))

    def body(self) -> dict[str, Any]:
        """Return the body with the pointer."""
        return {**super().body(), "pointer": self.pointer}


class BadParameter(BadRequest):
    """A query parameter that is not understood.

    ``position`` is the character (from 1) at which the parameter stops to make sense, or None if all of it is wrong.
    """

    code = "invalid_parameter"

    def __init__(self, message: str, parameter: str, position: int | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.position = position

    @classmethod
    def empty(cls, parameter: str) -> "BadParameter":
        """Return the error for a parameter without a value."""
        return cls(f"The parameter {parameter} is empty: leave it out.", parameter)

    def body(self) -> dict[str, Any]:
        """Return the body with the parameter, and the position if there is one."""
        position = {} if self.position is None else {"position": self.position}
        return {**super().body(), "parameter": self.parameter, **position}


class BadLine(PicusError):
    """A line (from 1) of NDJSON whose item can't be stored. The item's own error gives code and status."""

    def __init__(self, line: int, error: PicusError, message: str | None = None) -> None:
        super().__init__(f"Line {line}: {message or error.message}")
        self.line = line
        self.error = error
        self.status = error.status

    def body(self) -> dict[str, Any]:
        """Return the body of the item's error with the line."""
        return {**self.error.body(), "error": self.message, "line": self.line}


# 401 and 403: access

_CHALLENGE = 'Bearer realm="picus"'


class TokenRequired(PicusError):
    """The request needs a token: anonymous clients may not do this (RFC 6750, section 3)."""

    code = "token_required"
    status = 401
    message = "This needs a token: send it as Authorization: Bearer picus_..., or sign in with a browser at /sign-in."
    challenge = _CHALLENGE

    def headers(self) -> dict[str, str]:
        """Return the challenge in WWW-Authenticate (RFC 6750, section 3)."""
        return {"WWW-Authenticate": self.challenge}


class InvalidToken(TokenRequired):
    """The token is malformed, unknown, expired or revoked. ``token_id``: for the log."""

    code = "invalid_token"
    message = "The token is not valid: it is malformed, unknown, expired or revoked."
    challenge = f'{_CHALLENGE}, error="invalid_token"'

    def __init__(self, token_id: str) -> None:
        super().__init__()
        self.token_id = token_id


class InsufficientScope(PicusError):
    """The token is valid, and lacks the scope or the key prefix for the request."""

    code = "insufficient_scope"
    status = 403

    def __init__(self, scope: str, message: str | None = None) -> None:
        super().__init__(message or f'The token does not have the scope "{scope}".')
        self._scope = scope

    @classmethod
    def outside_prefix(cls, scope: str, prefix: str) -> "InsufficientScope":
        """Return the error for a key that does not begin with the token's prefix."""
        return cls(scope, f'The token is for keys that begin with "{prefix}" only.')

    def headers(self) -> dict[str, str]:
        """Return the challenge, with the scope that is needed."""
        return {"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{self._scope}"'}


class CrossSiteWrite(PicusError):
    """A change by the cookie of a browser, which a page of another site may have caused."""

    code = "cross_site_write"
    status = 403
    message = "A signed-in browser can change items from pages of this site only (Sec-Fetch-Site: same-origin)."


class NotThroughEdge(PicusError):
    """The request came to an origin directly. The load balancer and API Gateway send this response (ecs/)."""

    code = "not_through_edge"
    status = 403
    message = "This address accepts only requests through the public domain: use that domain."


# 404 to 415: the path, the method, the item, the types


class ItemNotFound(PicusError):
    """No item has this key. The body is the one of the service that Picus replaces: it has no code."""

    code = "item_not_found"
    status = 404

    def __init__(self, key: str) -> None:
        super().__init__(f'Item with key "{key}" not found')
        self.key = key

    def body(self) -> dict[str, Any]:
        """Return the body without a code (contract.md, Endpoints)."""
        return {"error": self.message}


class PathNotFound(PicusError):
    """No endpoint has this path."""

    code = "path_not_found"
    status = 404
    message = "There is nothing at this path."


class MethodNotAllowed(PicusError):
    """The path does not serve this method."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, method: str) -> None:
        super().__init__(f'Method "{method}" not allowed.')


class NotAcceptable(PicusError):
    """No media type that the client accepts can be sent."""

    code = "not_acceptable"
    status = 406
    message = "Could not satisfy the request Accept header."
    parameter = ""

    @classmethod
    def accept(cls, media_types: Iterable[str]) -> "NotAcceptable":
        """Return the error for an Accept field, with the media types that can be sent."""
        return cls(f"Could not satisfy the request Accept header: it can be {', '.join(media_types)}.")

    @classmethod
    def format(cls, value: str, formats: Iterable[str]) -> "NotAcceptable":
        """Return the error for the query parameter ``format``, with the formats that can be sent."""
        known = ", ".join(dict.fromkeys(formats))
        error = cls(f"The parameter format can't be {json.dumps(value)}: it can be {known}.")
        error.parameter = "format"
        return error

    def body(self) -> dict[str, Any]:
        """Return the body with the parameter, if a parameter is at fault."""
        return {**super().body(), **({"parameter": self.parameter} if self.parameter else {})}


class BodyTimeout(PicusError):
    """The body did not arrive in time."""

    code = "body_timeout"
    status = 408
    message = "The body did not arrive in time."


class ItemExists(PicusError):
    """An item has this key already."""

    code = "item_exists"
    status = 409
    message = "An item with this key exists already."


class WriteConflict(PicusError):
    """Other requests change the item all the time."""

    code = "write_conflict"
    status = 409
    retry_after = 1

    @classmethod
    def contended(cls, key: str) -> "WriteConflict":
        """Return the error for an item that other requests changed at each attempt."""
        return cls(f'Item with key "{key}" is being changed by others all the time: try again')

    @classmethod
    def not_comparable(cls, key: str) -> "WriteConflict":
        """Return the error for an item without a version attribute that is too wide for one condition."""
        return cls(_NOT_COMPARABLE.format(key))


class IdempotencyKeyInUse(WriteConflict):
    """Another request with this Idempotency-Key is in progress."""

    code = "idempotency_key_in_use"
    message = "Another request with this Idempotency-Key is in progress: try again."


class PreconditionFailed(PicusError):
    """The item does not meet the request's If-Match or If-None-Match (RFC 9110, section 13)."""

    code = "precondition_failed"
    status = 412

    @classmethod
    def absent(cls, key: str) -> "PreconditionFailed":
        """Return the error for an If-Match on an item that does not exist."""
        return cls(f'Item with key "{key}" is not there to match')

    @classmethod
    def changed(cls, key: str) -> "PreconditionFailed":
        """Return the error for an If-Match that names another ETag than the item's."""
        return cls(f'Item with key "{key}" has changed: get it again')

    @classmethod
    def exists(cls, key: str) -> "PreconditionFailed":
        """Return the error for an If-None-Match that names the item's ETag, or any."""
        return cls(f'Item with key "{key}" exists already')

    @classmethod
    def not_comparable(cls, key: str) -> "PreconditionFailed":
        """Return the error for an item without a version attribute that is too wide for one condition."""
        return cls(_NOT_COMPARABLE.format(key))


class ItemTooLarge(PicusError):
    """The item exceeds 400 KB, as DynamoDB counts them."""

    code = "item_too_large"
    status = 413
    message = "The item is larger than the 400 KB that DynamoDB holds."


class BodyTooLarge(PicusError):
    """The body exceeds a limit, given in bytes."""

    code = "body_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than the {limit} bytes that are accepted.")


class UriTooLong(PicusError):
    """The request target is too long."""

    code = "uri_too_long"
    status = 414
    message = "The request is not valid HTTP/1.1: its path is too long."


class UnsupportedMediaType(PicusError):
    """The body's media type is not supported. ``supported``: the media types that are (RFC 9110, section 15.5.16)."""

    code = "unsupported_media_type"
    status = 415

    def __init__(self, media_type: str, supported: str, charset: str = "") -> None:
        about = f'The charset "{charset}" is not supported: send UTF-8.' if charset else ""
        super().__init__(about or f'Unsupported media type "{media_type}" in request: send {supported}.')
        self._supported = supported

    def headers(self) -> dict[str, str]:
        """Return the supported media types."""
        return {"Accept": self._supported}


class UnsupportedContentCoding(PicusError):
    """The body is compressed (RFC 9110, section 15.5.16)."""

    code = "unsupported_content_coding"
    status = 415

    def __init__(self, coding: str) -> None:
        super().__init__(f"The content coding {coding!r} is not supported: send the body as it is.")

    def headers(self) -> dict[str, str]:
        """Return the only supported coding."""
        return {"Accept-Encoding": "identity"}


class RangeNotSatisfiable(PicusError):
    """The Range of a static file is outside of the file."""

    code = "range_not_satisfiable"
    status = 416
    message = "The file has no such range: Content-Range has its length."


class ExpectationFailed(PicusError):
    """An Expect field other than 100-continue."""

    code = "expectation_failed"
    status = 417
    message = "The request is not valid HTTP/1.1: its expectation can't be met."


class IdempotencyKeyReused(PicusError):
    """An Idempotency-Key came again with another body."""

    code = "idempotency_key_reused"
    status = 422
    message = "This Idempotency-Key was used for another body: use a new key for a new item."


class PreconditionRequired(PicusError):
    """A change of an item without a precondition, where REQUIRE_IF_MATCH asks for one (RFC 6585, section 3)."""

    code = "precondition_required"
    status = 428
    message = "A change needs If-Match with the item's ETag here; a PUT that creates needs If-None-Match: *."


class HeadersTooLarge(PicusError):
    """The header section is too large."""

    code = "headers_too_large"
    status = 431
    message = "The request is not valid HTTP/1.1: its header fields are too large."


# 500 to 503: the service


class InternalError(PicusError):
    """A fault of the service."""

    log_level = logging.ERROR


class CheckFailed(PicusError):
    """A health check fails; the argument names the failing checks."""

    code = "check_failed"

    def __init__(self, names: str) -> None:
        super().__init__(f"This check fails: {names}.")


class UnsupportedTransferCoding(PicusError):
    """A Transfer-Encoding other than chunked."""

    code = "unsupported_transfer_coding"
    status = 501
    message = "The request is not valid HTTP/1.1: its transfer coding is not supported."


class UnsupportedMethod(PicusError):
    """A method for proxies only: CONNECT."""

    code = "unsupported_method"
    status = 501
    message = "The request is not valid HTTP/1.1: its method is for proxies."


class UnsupportedHttpVersion(PicusError):
    """A major version other than HTTP/1."""

    code = "unsupported_http_version"
    status = 505
    message = "The request is not valid HTTP/1.1: its version is not supported."


class ServiceBusy(PicusError):
    """The service has more requests than it can take."""

    code = "busy"
    status = 503
    message = "The item store has more requests than it can take at the moment: try again later."
    retry_after = 1


class ReadOnly(PicusError):
    """An operator switched all changes off."""

    code = "read_only"
    status = 503
    message = "The item store is read-only at the moment: reading works, and changes are refused. Try again later."
    retry_after = 30


class NoSpoolSpace(PicusError):
    """There is no folder, or no room in it, for a large body."""

    code = "no_spool_space"
    status = 503
    message = "There is no room for a body of this size at the moment: try again later, or send less at once."
    log_level = logging.ERROR


class TableUnavailable(PicusError):
    """DynamoDB can't be reached or refuses the credentials."""

    code = "unavailable"
    status = 503
    message = "The item store is unavailable at the moment: try again later."
    log_level = logging.ERROR


class TableMissing(TableUnavailable):
    """DynamoDB responds and has no such table."""


class IdempotencyTableMissing(TableMissing):
    """The item table or the idempotency table is missing, so that an Idempotency-Key can't be honoured."""

    code = "idempotency_unavailable"
    message = "Idempotency-Key can't be honoured at the moment, so nothing was stored: try again later or without it."

    def __init__(self, tables: str) -> None:
        super().__init__()
        self._tables = tables

    @property
    def cause(self) -> str:
        """Return the cause for the operator, and the command that creates the tables."""
        return f"{super().cause}: ./picus create_table creates {self._tables}"


class TableThrottled(TableUnavailable):
    """DynamoDB still throttles after the retries."""

    code = "throttled"
    message = ServiceBusy.message
    retry_after = 1
    log_level = logging.WARNING


class TokensUnavailable(TableUnavailable):
    """The token table is missing or can't be read, so that no token can be checked. ``token_id``: for the log."""

    code = "tokens_unavailable"
    message = "The token can't be checked at the moment: try again later."

    def __init__(self, token_id: str) -> None:
        super().__init__()
        self.token_id = token_id


class TooManyNewTokens(TokensUnavailable):
    """The process has read too many unknown token ids, so a client probably guesses tokens."""

    retry_after = 1
    log_level = logging.WARNING


class NotTried(TableUnavailable):
    """The item was not written, because an item before it could not be written."""

    code = "not_tried"
    message = "Not tried, because an item before it could not be written."


class OutcomeUnknown(TableUnavailable):
    """No response from DynamoDB: the item may have been written."""

    code = "outcome_unknown"
    message = "The item store did not respond, so the item may have been written: check with GET."


def json_pointer(path: Iterable[str | int]) -> str:
    """Return the JSON Pointer (RFC 6901) of a path of object names and array indexes.

    A pointer can't contain a name with half of a surrogate pair: it then leads to the object that has the name.
    """
    writable = takewhile(_is_text, map(str, path))
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in writable)


def _is_text(step: str) -> bool:
    try:
        step.encode()
    except UnicodeEncodeError:
        return False
    return True
