"""Parameters of requests and header fields of responses."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from picus_api.core.query.batch_get import MAX_KEYS
from picus_api.core.query.pagination import MAX_LIMIT

EXAMPLE_KEY = "blue chair"

SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "picus_<id>_<secret><checksum>",
        "description": (
            "A token from `./picus create_token`. `x-required-scope` of an operation is the scope that it needs: "
            "`read`, `write` or `delete`. Browsers sign in at `/sign-in` and get a cookie with the same effect."
        ),
    }
}


def needs(scope: str) -> dict[str, Any]:
    """Return the arguments of extend_schema for an operation that needs a scope.

    ``{}``: anonymous clients may do what the operator allows. OpenAPI 3.1 allows the name of the scope in the
    requirement, but Spectral takes it for an error, so an extension has the name.
    """
    return {"auth": [{"token": []}, {}], "extensions": {"x-required-scope": scope}}


# These formats have no public definition. Tools that generate requests need the names to register generators.
_TAGS = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
_UNIQUE = r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[A-Za-z0-9._~:/+=-]{1,255})$'


def _parameter(name: str, location: Any, schema: dict[str, Any], description: str, *examples: Any) -> OpenApiParameter:
    """Return a request parameter. Only path parameters are required, so only they have an example.

    Pages that send requests, such as Swagger UI, fill in every example, and an optional parameter changes the result.
    """
    required = location == OpenApiParameter.PATH
    return OpenApiParameter(
        name,
        schema,
        location,
        required=required,
        description=description,
        examples=[OpenApiExample(name, example) for example in examples],
    )


def _header(name: str, schema: dict[str, Any], description: str) -> OpenApiParameter:
    return _parameter(name, OpenApiParameter.HEADER, schema, description)


def _query(name: str, schema: dict[str, Any], description: str) -> OpenApiParameter:
    return _parameter(name, OpenApiParameter.QUERY, schema, description)


def _key(description: str, **schema: Any) -> OpenApiParameter:
    return _parameter(
        "key", OpenApiParameter.PATH, {"type": "string", "minLength": 1, **schema}, description, EXAMPLE_KEY
    )


KEY = _key("The item's key, percent-encoded: `a%2Fb` is the key `a/b`.")
CHOSEN_KEY = _key(
    "The key, of at most 2,048 bytes of UTF-8, percent-encoded: `a%2Fb` is the key `a/b`. Names of other "
    "paths are a 400: `list`, `list/`, `put`, `.`, `..`, and keys that begin with `get/` or `put/`.",
    maxLength=2048,
)

IF_MATCH = _header(
    "If-Match",
    {"type": "string", "format": "entity-tags", "pattern": _TAGS},
    "Requires that the item exists and has one of these ETags, or any (`*`). Otherwise 412. `W/` is ignored.",
)
IF_NONE_MATCH = _header(
    "If-None-Match",
    {"type": "string", "format": "entity-tags", "pattern": _TAGS},
    "Requires that the item has none of these ETags; `*`: that there is no item. Otherwise 412 (`GET`: 304).",
)
IDEMPOTENCY_KEY = _header(
    "Idempotency-Key",
    {"type": "string", "format": "idempotency-key", "pattern": _UNIQUE},
    "Within 24 hours, requests with the same key and item store one item and get the same response. "
    "An NDJSON request can't have it.",
)


def _prefer(*preferences: str) -> OpenApiParameter:
    """Return the field Prefer with the preferences of an operation."""
    capacity = "`consumed-capacity` asks for `Picus-Consumed-Capacity`, in a streamed response as a trailer field."
    return _header("Prefer", {"type": "string"}, " ".join(["Preferences (RFC 7240).", *preferences, capacity]))


PREFER = _prefer()
PREFER_OF_LIST = _prefer(
    "`count=exact` counts all items of the list into `Picus-Total-Count`, at the cost of reading them all.",
    "`count=estimated` is DynamoDB's own count of the last hours, which is free, for a list without `filter`.",
    "`consistency=strong` uses no index, unless the list has `sort` or began with an index.",
)
PREFER_OF_WRITE = _prefer("`return=representation` asks for the item as the body.")
SCHEMA_FORMAT = _query("format", {"type": "string", "enum": ["json", "yaml"]}, "Overrides `Accept`.")
LIMIT = _query(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
    "The most items in the response. Without it, all. If there are more, `Link` has the next page.",
)
CURSOR = _query(
    "cursor",
    {"type": "string", "format": "picus-cursor"},
    "The start of a page, from the `Link` of the page before. It is opaque, and valid with the same `filter` only.",
)
FILTER = _query(
    "filter",
    {"type": "string", "format": "picus-filter"},
    "A subset of [AIP-160](https://google.aip.dev/160): comparisons with `=`, `!=`, `<`, `<=`, `>` and `>=`, `name:*` "
    '(the item has it), `begins_with(name, "x")`, joined by `AND`, `OR`, `NOT` and parentheses. Values are JSON. '
    "A name with other characters than letters, digits, `_` and `-` is in double quotes. Example: "
    '`size > 2 AND NOT begins_with(name, "tmp")`.',
)
FIELDS = _query(
    "fields",
    {"type": "string", "format": "picus-fields"},
    "Only these attributes and `object_id`. Example: `name,address.city`.",
)


SORT = _query(
    "sort",
    {"type": "string", "format": "picus-sort"},
    "The order: an attribute, or `-` and an attribute for descending order. It needs an index that has the items of "
    "`filter` in this order, else the error names that index. The list has only items with the attribute.",
)
KEYS = _query(
    "key",
    {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MAX_KEYS},
    "The items with these keys, in this order. Missing ones are left out. It excludes `limit`, `cursor`, `filter` and "
    "`sort`.",
)


def _response_header(name: str, statuses: list[int | str] | bool, description: str, **schema: Any) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "string", **schema}, OpenApiParameter.HEADER, description=description, response=statuses
    )


REQUEST_ID = _response_header("X-Request-Id", True, "The id of the request in the log.", minLength=1)
NEXT_LINK = _response_header("Link", [200], 'The next page, `rel="next"` (RFC 8288), if there is one.')
WELL_KNOWN_LINKS = _response_header("Link", [200], "Links to the description and its page (RFC 8631).")
LOCATION = _response_header("Location", [201], "The path of the new item.", pattern="^/picus/get/")
CONTENT_LOCATION = _response_header("Content-Location", [200, 201], "The path of the item.", pattern="^/picus/get/")
CONSUMED_CAPACITY = _response_header(
    "Picus-Consumed-Capacity", [200, 201], "Capacity units, if `Prefer` asks for them.", pattern="^[0-9.]+$"
)
PREFERENCE_APPLIED = _response_header("Preference-Applied", [200, 201], "The honoured preferences.")
MEASURED = [PREFER, CONSUMED_CAPACITY, PREFERENCE_APPLIED]
LIST_MEASURED = [PREFER_OF_LIST, CONSUMED_CAPACITY, PREFERENCE_APPLIED]
WRITE_MEASURED = [PREFER_OF_WRITE, CONSUMED_CAPACITY, PREFERENCE_APPLIED]
PLAN = _response_header(
    "Picus-Plan",
    [200],
    "How the list was read: an item by its key (`get`), items by their keys (`batch-get`), a part of an index "
    "(`query` and its name), or the whole table (`scan`).",
    pattern="^(get|batch-get|query .+|scan)$",
)
TOTAL_COUNT = _response_header("Picus-Total-Count", [200], "The count that `Prefer` asks for.", pattern="^[0-9]+$")
REPLAYED = _response_header(
    "Idempotent-Replayed", [201], "Present if an earlier request stored the item.", enum=["true"]
)
CHALLENGE = _response_header(
    "WWW-Authenticate",
    [401, 403],
    "The challenge (RFC 6750, section 3). On AWS, `DELETE` has it as `x-amzn-Remapped-WWW-Authenticate`.",
    pattern="^Bearer ",
)
ACCEPT_PATCH = _response_header("Accept-Patch", [200, 201, 415], "The accepted patch types (RFC 5789).")


def etag_header(*statuses: int) -> OpenApiParameter:
    """Return the ETag field of responses with these statuses."""
    return _response_header(
        "ETag",
        [*statuses],
        "The item's version. Every write changes it. `W/` marks a compressed response.",
        pattern='^(W/)?"[!#-~]*"$',
    )


def retry_after_header(*statuses: int) -> OpenApiParameter:
    """Return the Retry-After field of responses with these statuses."""
    return _response_header(
        "Retry-After", [*statuses], "Seconds to wait before a retry, if a retry can succeed.", pattern="^[0-9]+$"
    )
