"""Responses by status and media type, in the form that drf-spectacular takes."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from picus_api.core import errors as e
from picus_api.core.access.access import READ
from picus_api.openapi.generator.parameters import EXAMPLE_KEY
from picus_api.openapi.generator.schemas import Schema, ref

JSON, HTML = "application/json", "text/html"

Responses = dict[Any, Any]

_ERRORS: dict[int, tuple[str, dict[str, str]]] = {
    400: (
        "Malformed request, or a value that DynamoDB can't hold",
        e.BadValue("The number has 39 significant digits: DynamoDB holds 38.", "a", 0, "b").body(),
    ),
    404: ("No item has this key", e.ItemNotFound(EXAMPLE_KEY).body()),
    405: (
        "`list` and `put` are paths of the service, not keys",
        e.MethodNotAllowed("DELETE").body(),
    ),
    406: (
        "No media type that `Accept` or `format` allows",
        e.NotAcceptable().body(),
    ),
    408: ("The body did not arrive in time", e.BodyTimeout().body()),
    409: (
        "Other requests change the item all the time, or use the `Idempotency-Key`",
        e.WriteConflict.contended(EXAMPLE_KEY).body(),
    ),
    412: (
        "The item does not meet `If-Match` or `If-None-Match`",
        e.PreconditionFailed.changed(EXAMPLE_KEY).body(),
    ),
    413: ("The body or the item is too large", e.ItemTooLarge().body()),
    414: ("The path or the query is longer than 8,192 bytes", e.UriTooLong().body()),
    415: (
        "Unsupported media type, charset or content coding",
        e.UnsupportedMediaType("text/plain", "application/json").body(),
    ),
    422: ("The `Idempotency-Key` was used for another item", e.IdempotencyKeyReused().body()),
    428: ("The service requires `If-Match` (`REQUIRE_IF_MATCH`)", e.PreconditionRequired().body()),
    431: ("The header fields, or the path with them, are too large", e.HeadersTooLarge().body()),
    500: ("An error of the service", e.InternalError().body()),
    503: ("DynamoDB throttles (with `Retry-After`) or is unavailable", e.TableThrottled().body()),
}


def response(description: str, schema: Schema | None = None, example: Any = None) -> OpenApiResponse:
    """Return a response with this schema and an example of its body."""
    examples = [] if example is None else [OpenApiExample("Example", example)]
    return OpenApiResponse(schema, description, examples)


def errors(*statuses: int, scope: str = "") -> Responses:
    """Return the errors with these statuses, and the errors that every operation can have.

    ``scope``: what the operation needs, or "" if it needs no token.
    """
    wanted = (*statuses, 414, 431, 500, *((401, 403) if scope else ()))
    known = _ERRORS | (_access_errors(scope) if scope else {})
    return {
        (status, JSON): response(description, ref("Error"), body)
        for status, (description, body) in sorted(known.items())
        if status in wanted
    }


def _access_errors(scope: str) -> dict[int, tuple[str, dict[str, str]]]:
    cross_site = "" if scope == READ else ", or the change comes with the cookie of a browser from another site"
    changes = {
        503: ("DynamoDB throttles or is unavailable, or the service is read-only", e.ReadOnly().body()),
    }
    forbidden = f"The token does not have the scope `{scope}` or is for other keys{cross_site}"
    return {
        401: ("The request needs a token, or its token is not valid", e.TokenRequired().body()),
        403: (forbidden, e.InsufficientScope(scope).body()),
        **({} if scope == READ else changes),
    }
