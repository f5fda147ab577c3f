"""Describe requests and responses of the service's own views."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema, extend_schema_view

from picus_api import views
from picus_api.core.access.access import READ, WRITE
from picus_api.openapi import views as openapi_views
from picus_api.openapi.generator import parameters as p
from picus_api.openapi.generator.responses import JSON, errors, response
from picus_api.openapi.generator.schemas import Schema, ref

ITEM = {"name": "Blue chair", "price": 49.5, "tags": ["oak", "blue"], "size": {"height": 82}}
STORED = {"object_id": p.EXAMPLE_KEY, **ITEM}
CHANGE = {"price": 45, "tags": None}
CHANGED = {"object_id": p.EXAMPLE_KEY, "name": "Blue chair", "price": 45, "size": {"height": 82}}
NEW_KEY = {"object_id": "3f0c1d1e-8f0b-4c8e-9d6a-0f5b8f3c2a71"}


def _body(schema: Schema, example: Any) -> Any:
    return OpenApiRequest(schema, examples=[OpenApiExample("Example", example)])


@extend_schema_view(
    list=extend_schema(
        operation_id="listItems",
        summary="List items",
        description=(
            "Without `limit` the response streams all items. If DynamoDB fails in the middle, the service closes the "
            "connection: an incomplete array never looks complete. A parameter that is empty, or given twice (but for "
            "`key`), is a 400. With an index of an attribute that `filter` compares with `=`, the list reads that part "
            "of the index, with eventual consistency."
        ),
        tags=["Items"],
        **p.needs(READ),
        parameters=[
            p.LIMIT,
            p.CURSOR,
            p.FILTER,
            p.FIELDS,
            p.SORT,
            p.KEYS,
            *p.LIST_MEASURED,
            p.NEXT_LINK,
            p.PLAN,
            p.TOTAL_COUNT,
            p.CHALLENGE,
            p.REQUEST_ID,
            p.retry_after_header(503),
        ],
        responses={
            (200, JSON): response("The items", {"type": "array", "items": ref("Item")}, [CHANGED]),
            **errors(400, 406, 503, scope=READ),
        },
    ),
    create=extend_schema(
        operation_id="createItem",
        summary="Create an item",
        description=(
            "The service assigns a UUID as key. A body has at most 2.5 MiB (`MAX_BODY_BYTES`).\n\n"
            "With `Content-Type: application/x-ndjson` the body has one item on each line, at most 1 GiB "
            "(`MAX_NDJSON_BYTES`). The service checks all lines before it writes any item. The response is then 200, "
            "`application/x-ndjson`, with one line for each item, in order: its key, or `line`, `error`, `code` and "
            "`status`."
        ),
        tags=["Items"],
        **p.needs(WRITE),
        parameters=[
            p.IDEMPOTENCY_KEY,
            *p.WRITE_MEASURED,
            p.etag_header(201),
            p.LOCATION,
            p.CONTENT_LOCATION,
            p.REPLAYED,
            p.CHALLENGE,
            p.REQUEST_ID,
            p.retry_after_header(409, 503),
        ],
        request={JSON: _body(ref("NewItem"), ITEM)},
        responses={
            (201, JSON): response("The new item's key, or the item", ref("Key"), NEW_KEY),
            **errors(400, 406, 408, 409, 413, 415, 422, 503, scope=WRITE),
        },
    ),
    retrieve=extend_schema(
        operation_id="getItem",
        summary="Get an item",
        tags=["Items"],
        **p.needs(READ),
        parameters=[
            p.KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.MEASURED,
            p.etag_header(200, 304),
            p.CHALLENGE,
            p.REQUEST_ID,
            p.retry_after_header(503),
        ],
        responses={
            (200, JSON): response("The item", ref("Item"), STORED),
            304: response("The item has an ETag of `If-None-Match`"),
            **errors(400, 404, 406, 412, 503, scope=READ),
        },
    ),
)
class DescribedItems(views.ItemViewSet):
    """Operations on the list and on new items."""


@extend_schema_view(
    update=extend_schema(
        operation_id="replaceItem",
        summary="Replace an item, or create it under a chosen key",
        tags=["Items"],
        **p.needs(WRITE),
        parameters=[
            p.CHOSEN_KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.WRITE_MEASURED,
            p.etag_header(200, 201),
            p.LOCATION,
            p.CONTENT_LOCATION,
            p.ACCEPT_PATCH,
            p.CHALLENGE,
            p.REQUEST_ID,
            p.retry_after_header(409, 503),
        ],
        request={JSON: _body(ref("Replacement"), ITEM)},
        responses={
            (200, JSON): response("Replaced", ref("Key"), {"object_id": p.EXAMPLE_KEY}),
            (201, JSON): response("Created", ref("Key"), {"object_id": p.EXAMPLE_KEY}),
            **errors(400, 406, 408, 409, 412, 413, 415, 428, 503, scope=WRITE),
        },
    ),
    partial_update=extend_schema(
        operation_id="patchItem",
        summary="Change parts of an item",
        description="Without `If-Match`, the service repeats a patch if another write came first. No write is lost.",
        tags=["Items"],
        **p.needs(WRITE),
        parameters=[
            p.CHOSEN_KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.MEASURED,
            p.etag_header(200),
            p.CONTENT_LOCATION,
            p.ACCEPT_PATCH,
            p.CHALLENGE,
            p.REQUEST_ID,
            p.retry_after_header(409, 503),
        ],
        request={"application/merge-patch+json": _body(ref("Patch"), CHANGE), JSON: _body(ref("Patch"), CHANGE)},
        responses={
            (200, JSON): response("The patched item", ref("Item"), CHANGED),
            **errors(400, 404, 406, 408, 409, 412, 413, 415, 428, 503, scope=WRITE),
        },
    ),
)
class DescribedKeyedItems(views.KeyedItemViewSet):
    """Operations on the item under a chosen key."""


@extend_schema_view(
    get=extend_schema(
        operation_id="getEndpoints",
        summary="Get the endpoints",
        tags=["About"],
        parameters=[p.WELL_KNOWN_LINKS, p.REQUEST_ID],
        responses={(200, JSON): response("The endpoints", ref("Endpoints")), **errors(406)},
    )
)
class DescribedRoot(views.Root):
    """The operation on the root path."""


_DESCRIPTION = response(
    "OpenAPI 3.1",
    {
        "type": "object",
        "properties": {"openapi": {"type": "string"}, "info": {"type": "object"}, "paths": {"type": "object"}},
        "required": ["openapi", "info", "paths"],
    },
)


@extend_schema_view(
    get=extend_schema(
        operation_id="getDescription",
        summary="Get this description",
        tags=["About"],
        parameters=[p.SCHEMA_FORMAT, p.REQUEST_ID],
        responses={
            **{(200, each.media_type): _DESCRIPTION for each in openapi_views.Description.renderer_classes},
            **errors(406),
        },
    )
)
class DescribedDescription(openapi_views.Description):
    """The operation that returns the description."""
