"""Answers, by status and media type, as drf-spectacular takes them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from picus_api.core import messages
from picus_project.openapi.parameters import EXAMPLE_KEY
from picus_project.openapi.schemas import Schema, ref

JSON, NDJSON, HTML = "application/json", "application/x-ndjson", "text/html"

Answers = dict[Any, Any]

_ERRORS: dict[int, tuple[str, dict[str, str]]] = {
    400: (
        "Malformed, or a value that DynamoDB can't hold",
        messages.error("The number has 39 significant digits: DynamoDB holds 38.", "/a/0/b"),
    ),
    405: (
        "`list` and `put` are paths of the service, not keys",
        messages.error(messages.method_not_allowed("DELETE")),
    ),
    404: ("There is no such item", messages.error(messages.not_found(EXAMPLE_KEY))),
    406: (
        "Nothing that `Accept` or `format` takes",
        messages.error("Could not satisfy the request Accept header."),
    ),
    408: ("The body did not come in time", messages.error("The body did not come in time.")),
    409: (
        "Others change the item, or use the `Idempotency-Key`, all the time",
        messages.error(messages.contended(EXAMPLE_KEY)),
    ),
    412: (
        "The item is not as `If-Match` or `If-None-Match` wants it",
        messages.error(messages.changed(EXAMPLE_KEY)),
    ),
    413: ("The body or the item is too large", messages.error(messages.ITEM_TOO_LARGE)),
    414: ("The path or the query is longer than 8,192 bytes", messages.error("The URL is longer than 8192 bytes")),
    415: (
        "Another media type, charset or encoding than the service reads",
        messages.error('Unsupported media type "text/plain" in request.'),
    ),
    422: ("The `Idempotency-Key` was used for another item", messages.error(messages.KEY_REUSED)),
    500: ("A fault of the service", messages.error(messages.INTERNAL)),
    503: ("DynamoDB throttles (with `Retry-After`) or is unavailable", messages.error(messages.BUSY)),
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
