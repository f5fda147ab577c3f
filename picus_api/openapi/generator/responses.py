"""Answers, by status and media type, as drf-spectacular takes them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from picus_api.core import errors as e
from picus_api.openapi.generator.parameters import EXAMPLE_KEY
from picus_api.openapi.generator.schemas import Schema, ref

JSON, NDJSON, HTML = "application/json", "application/x-ndjson", "text/html"

Answers = dict[Any, Any]

_ERRORS: dict[int, tuple[str, dict[str, str]]] = {
    400: (
        "Malformed, or a value that DynamoDB can't hold",
        e.BadValue("The number has 39 significant digits: DynamoDB holds 38.", "a", 0, "b").body(),
    ),
    405: (
        "`list` and `put` are paths of the service, not keys",
        e.MethodNotAllowed("DELETE").body(),
    ),
    404: ("There is no such item", e.ItemNotFound(EXAMPLE_KEY).body()),
    406: (
        "Nothing that `Accept` or `format` takes",
        e.NotAcceptable().body(),
    ),
    408: ("The body did not come in time", e.BodyTimeout().body()),
    409: (
        "Others change the item, or use the `Idempotency-Key`, all the time",
        e.WriteConflict.contended(EXAMPLE_KEY).body(),
    ),
    412: (
        "The item is not as `If-Match` or `If-None-Match` wants it",
        e.PreconditionFailed.changed(EXAMPLE_KEY).body(),
    ),
    413: ("The body or the item is too large", e.ItemTooLarge().body()),
    414: ("The path or the query is longer than 8,192 bytes", e.UriTooLong().body()),
    415: (
        "Another media type, charset or encoding than the service reads",
        e.UnsupportedMediaType("text/plain", "application/json").body(),
    ),
    422: ("The `Idempotency-Key` was used for another item", e.IdempotencyKeyReused().body()),
    500: ("A fault of the service", e.InternalError().body()),
    503: ("DynamoDB throttles (with `Retry-After`) or is unavailable", e.TableThrottled().body()),
}


def answer(description: str, schema: Schema | None = None, example: Any = None) -> OpenApiResponse:
    """One answer, with an example of its body."""
    examples = [] if example is None else [OpenApiExample("Example", example)]
    return OpenApiResponse(schema, description, examples)


def page() -> Answers:
    """The same, as a page for a browser."""
    return {(200, HTML): answer("The same as a page for a browser", {"type": "string"})}


def errors(*statuses: int) -> Answers:
    """The errors with these statuses, and those that everything may answer."""
    return {
        (status, JSON): answer(description, ref("Error"), body)
        for status, (description, body) in _ERRORS.items()
        if status in (*statuses, 414, 500)
    }
