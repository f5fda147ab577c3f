"""What each operation of the service's own views takes and answers."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema, extend_schema_view

from picus_api import views
from picus_api.openapi import views as openapi_views
from picus_api.openapi.generator import parameters as p
from picus_api.openapi.generator.responses import JSON, NDJSON, answer, errors, page
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
        summary="Every item, or those that the query asks for",
        description=(
            "Streamed, however many there are. When DynamoDB fails in the middle the connection is cut: an array never "
            "looks complete with items missing. A parameter that is empty or given twice is a 400."
        ),
        tags=["Items"],
        parameters=[
            p.LIMIT,
            p.CURSOR,
            p.FILTER,
            p.FIELDS,
            p.FORMAT,
            *p.MEASURED,
            p.NEXT_LINK,
            p.REQUEST_ID,
            p.retry_after(503),
        ],
        responses={
            (200, JSON): answer("The items", {"type": "array", "items": ref("Item")}, [CHANGED]),
            (200, NDJSON): answer("The items, a line each", {"type": "array", "items": ref("Item")}),
            **page(),
            **errors(400, 406, 503),
        },
    ),
    create=extend_schema(
        operation_id="createItems",
        summary="Store a new item, or many, a line each",
        description=(
            "The key is assigned: a UUID. Lines are all checked before any is written; then the answer has a line for "
            "each, in order. A body may have 2.5 MiB (`MAX_BODY_BYTES`); of lines 1 GiB (`MAX_NDJSON_BYTES`)."
        ),
        tags=["Items"],
        parameters=[
            p.IDEMPOTENCY_KEY,
            *p.MEASURED,
            p.etag(201),
            p.LOCATION,
            p.REQUEST_ID,
            p.retry_after(409, 503),
        ],
        request={
            JSON: _body(ref("NewItem"), ITEM),
            NDJSON: _body({"type": "array", "items": ref("NewItem"), "minItems": 1}, [ITEM, {"name": "Red chair"}]),
        },
        responses={
            (201, JSON): answer("The new item's key", ref("Key"), NEW_KEY),
            (200, NDJSON): answer("What became of each line", {"type": "array", "items": ref("Outcome")}),
            **errors(400, 406, 408, 409, 413, 415, 422, 503),
        },
    ),
    retrieve=extend_schema(
        operation_id="getItem",
        summary="One item",
        tags=["Items"],
        parameters=[
            p.KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.MEASURED,
            p.etag(200, 304),
            p.REQUEST_ID,
            p.retry_after(503),
        ],
        responses={
            (200, JSON): answer("The item", ref("Item"), STORED),
            **page(),
            304: answer("It still has the ETag in `If-None-Match`"),
            **errors(400, 404, 406, 412, 503),
        },
    ),
)
class Items(views.ItemViewSet):
    """The list, and items."""


@extend_schema_view(
    update=extend_schema(
        operation_id="replaceItem",
        summary="Replace an item, or create it under a chosen key",
        tags=["Items"],
        parameters=[
            p.CHOSEN_KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.MEASURED,
            p.etag(200, 201),
            p.LOCATION,
            p.ACCEPT_PATCH,
            p.REQUEST_ID,
            p.retry_after(409, 503),
        ],
        request={JSON: _body(ref("Replacement"), ITEM)},
        responses={
            (200, JSON): answer("Replaced", ref("Key"), {"object_id": p.EXAMPLE_KEY}),
            (201, JSON): answer("Created", ref("Key"), {"object_id": p.EXAMPLE_KEY}),
            **errors(400, 406, 408, 409, 412, 413, 415, 503),
        },
    ),
    partial_update=extend_schema(
        operation_id="patchItem",
        summary="Change parts of an item",
        description="Without `If-Match`, a patch that met another write is applied again: two at once lose nothing.",
        tags=["Items"],
        parameters=[
            p.CHOSEN_KEY,
            p.IF_MATCH,
            p.IF_NONE_MATCH,
            *p.MEASURED,
            p.etag(200),
            p.CONTENT_LOCATION,
            p.ACCEPT_PATCH,
            p.REQUEST_ID,
            p.retry_after(409, 503),
        ],
        request={"application/merge-patch+json": _body(ref("Patch"), CHANGE), JSON: _body(ref("Patch"), CHANGE)},
        responses={
            (200, JSON): answer("The item as it is now", ref("Item"), CHANGED),
            **errors(400, 404, 406, 408, 409, 412, 413, 415, 503),
        },
    ),
)
class KeyedItems(views.KeyedItemViewSet):
    """Items under keys of the client's choice."""


@extend_schema_view(
    get=extend_schema(
        operation_id="getEndpoints",
        summary="Where things are",
        tags=["About"],
        parameters=[p.WELL_KNOWN_LINKS, p.REQUEST_ID],
        responses={(200, JSON): answer("The endpoints", ref("Endpoints")), **page(), **errors(406)},
    )
)
class Root(views.Root):
    """The root."""


_DESCRIPTION = answer("OpenAPI 3.1", {"type": "object", "required": ["openapi", "info", "paths"]})


@extend_schema_view(
    get=extend_schema(
        operation_id="getDescription",
        summary="This description",
        tags=["About"],
        parameters=[p.SCHEMA_FORMAT, p.REQUEST_ID],
        responses={
            **{(200, each.media_type): _DESCRIPTION for each in openapi_views.Description.renderer_classes},
            **errors(406),
        },
    )
)
class Description(openapi_views.Description):
    """This description."""
