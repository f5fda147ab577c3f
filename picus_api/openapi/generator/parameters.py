"""Parameters of requests, and the headers of answers."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from picus_api.core.query.pagination import MAX_LIMIT

EXAMPLE_KEY = "blue chair"

# The formats have no definition elsewhere: their names keep a tool from taking the texts for anything.
_TAGS = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
_UNIQUE = r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[A-Za-z0-9._~:/+=-]{1,255})$'


def _parameter(name: str, location: Any, schema: dict[str, Any], description: str, example: Any) -> OpenApiParameter:
    examples = [] if example is None else [OpenApiExample(name, example)]
    required = location == OpenApiParameter.PATH
    return OpenApiParameter(name, schema, location, required=required, description=description, examples=examples)


def _header(name: str, schema: dict[str, Any], description: str, example: str | None = None) -> OpenApiParameter:
    return _parameter(name, OpenApiParameter.HEADER, schema, description, example)


def _query(name: str, schema: dict[str, Any], description: str, example: Any = None) -> OpenApiParameter:
    return _parameter(name, OpenApiParameter.QUERY, schema, description, example)


def _key(description: str, **schema: Any) -> OpenApiParameter:
    return _parameter(
        "key", OpenApiParameter.PATH, {"type": "string", "minLength": 1, **schema}, description, EXAMPLE_KEY
    )


KEY = _key("The item's key, percent-encoded: `a%2Fb` is the key `a/b`.")
CHOSEN_KEY = _key(
    "The key, of at most 2,048 bytes of UTF-8, percent-encoded: `a%2Fb` is the key `a/b`. Keys that paths of the "
    "service shadow are a 400: `list`, `list/`, `put`, `.`, `..`, and what begins with `get/` or `put/`.",
    maxLength=2048,
    **{"not": {"enum": ["list", "list/", "put", ".", ".."]}},
)
DELETED_KEY = _key("The item's key, percent-encoded: `a%2Fb` is the key `a/b`.", **{"not": {"enum": ["list", "put"]}})

IF_MATCH = _header(
    "If-Match",
    {"type": "string", "format": "entity-tags", "pattern": _TAGS},
    "Only if the item is there and has one of these ETags, or any (`*`); otherwise 412. `W/` does not matter.",
    "*",
)
IF_NONE_MATCH = _header(
    "If-None-Match",
    {"type": "string", "format": "entity-tags", "pattern": _TAGS},
    "Only if the item has none of these ETags; `*`: only if there is none. Otherwise 412 (`GET`: 304).",
    '"f7c3bc1d808e04732adf679965ccc34c"',
)
IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    {"type": "string", "format": "idempotency-key", "pattern": _UNIQUE},
    "Within 24 hours, the same key and item write once and get the same answer. For one item: with lines it is a 400.",
    '"9bd4d5ad-2d53-4b4a-8bbf-3a5e2f3c8b6e"',
)
PREFER = _header(
    "Prefer",
    {"type": "string"},
    "`consumed-capacity` (RFC 7240): say in `Picus-Consumed-Capacity` what DynamoDB counted. "
    "An answer that streams has it behind it, in a trailer field.",
    "consumed-capacity",
)
FORMAT = _query(
    "format",
    {"type": "string", "enum": ["json", "ndjson"]},
    "Outweighs `Accept`.",
    "ndjson",
)
SCHEMA_FORMAT = _query("format", {"type": "string", "enum": ["json", "yaml"]}, "Outweighs `Accept`.", "yaml")
LIMIT = _query(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    "At most so many items; without it, all. While there are more, `Link` leads on.",
    50,
)
CURSOR = _query(
    "cursor",
    {"type": "string", "format": "picus-cursor"},
    "Where the page before ended: opaque, out of its `Link`, and good for the same `filter` only.",
)
FILTER = _query(
    "filter",
    {"type": "string", "format": "picus-filter"},
    "A part of [AIP-160](https://google.aip.dev/160), evaluated by DynamoDB: comparisons by `=`, `!=`, `<`, `<=`, `>`, "
    '`>=`, `name:*` (is there), `begins_with(name, "x")`, joined by `AND`, `OR`, `NOT` and parentheses. Values are '
    "JSON; a name of other characters than letters, digits, `_` and `-` is in double quotes.",
    'size > 2 AND NOT begins_with(name, "tmp")',
)
FIELDS = _query(
    "fields",
    {"type": "string", "format": "picus-fields"},
    "These attributes alone, and always `object_id`.",
    "name,address.city",
)


def _answered(name: str, statuses: list[int | str] | bool, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "string", **schema}, OpenApiParameter.HEADER, description=description, response=statuses
    )


REQUEST_ID = _answered("X-Request-Id", True, "What the log knows the request by.", minLength=1)
NEXT_LINK = _answered("Link", [200], 'The next page, `rel="next"` (RFC 8288), while there is one.')
WELL_KNOWN_LINKS = _answered("Link", [200], "The description and its page (RFC 8631).")
LOCATION = _answered("Location", [201], "The path of the new item.", pattern="^/picus/get/")
CONTENT_LOCATION = _answered("Content-Location", [200], "The path of the item.", pattern="^/picus/get/")
CONSUMED_CAPACITY = _answered(
    "Picus-Consumed-Capacity", True, "Capacity units, where `Prefer` asks for them.", pattern="^[0-9.]+$"
)
PREFERENCE_APPLIED = _answered("Preference-Applied", True, "What of `Prefer` was honoured.")
MEASURED = [PREFER, CONSUMED_CAPACITY, PREFERENCE_APPLIED]
ACCEPT_PATCH = _answered("Accept-Patch", True, "The patches that are understood (RFC 5789).")


def etag(*statuses: int) -> OpenApiParameter:
    """The ETag of answers with these statuses."""
    return _answered(
        "ETag", [*statuses], "The item's version: strong, and new with every write.", pattern='^"[!#-~]*"$'
    )


def retry_after(*statuses: int) -> OpenApiParameter:
    """When to come back."""
    return _answered("Retry-After", [*statuses], "Seconds, where it is worth while to wait.", pattern="^[0-9]+$")
