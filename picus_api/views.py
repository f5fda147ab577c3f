"""The endpoints on ECS, in DRF's terms."""

from contextlib import suppress
from typing import Any, ClassVar, cast

from django.http import HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from picus_api.authentication import ITEM_KEY, CanRead, CanWrite, access_of, check_again, log_change
from picus_api.bulk_create import create_many
from picus_api.core.access.access import READ, WRITE
from picus_api.core.errors import BadRequest, InvalidHeader, InvalidJson, ItemNotFound, PathNotFound
from picus_api.core.idempotency import REPLAYED, Created, parse_idempotency_key
from picus_api.core.keys import KEY, key_from_path
from picus_api.core.preconditions import Preconditions, parse_preconditions, parse_required_preconditions
from picus_api.core.preferences import APPLIED, parse_prefer
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.json_viewset import JsonViewSet
from picus_api.list_view import list_items
from picus_api.models import Item
from picus_api.parsers import ACCEPT_PATCH, ACCEPT_POST
from picus_api.renderers import item_path, respond
from picus_api.request_body import is_ndjson


class Root(APIView):
    """A JSON item store on DynamoDB. Its endpoints, all on this domain."""

    name = "Picus"

    def get(self, request: Request) -> Response:
        """Return the method and the path of each endpoint, and links to the documentation."""
        return Response(
            {
                "list": f"GET {reverse('list')}",
                "put": f"POST {reverse('put')}",
                "get": "GET /picus/get/{key}",
                "replace": "PUT /picus/put/{key}",
                "patch": "PATCH /picus/put/{key}",
                "delete": "DELETE /picus/{key}",
                "docs": f"GET {reverse('docs')}",
                "schema": f"GET {reverse('schema')}",
            },
            # RFC 8631: programs find the description and the documentation by these links.
            headers={"Link": f'<{reverse("schema")}>; rel="service-desc", <{reverse("docs")}>; rel="service-doc"'},
        )


class ItemViewSet(JsonViewSet):
    """List, create, replace, patch and return items."""

    permission_of: ClassVar = {"list": CanRead, "create": CanWrite, "retrieve": CanRead}

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Return DRF's header fields, and the media types of a POST (https://www.w3.org/TR/ldp/#header-accept-post)."""
        headers: dict[str, str] = super().default_response_headers
        return {**headers, "Accept-Post": ACCEPT_POST} if "POST" in self.allowed_methods else headers

    def list(self, request: Request) -> HttpResponseBase:
        """Return all items, or the page that the query asks for."""
        return list_items(request)

    def create(self, request: Request) -> HttpResponseBase:
        """Store one item under a new key, or one item for each line of NDJSON."""
        field = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if is_ndjson(request._request):
            if field is not None:
                raise BadRequest("An Idempotency-Key stands for one item: send lines without it.")
            return create_many(request)
        document, access = _document(request), access_of(request)
        if field is not None:
            created = Item.create_once(parse_idempotency_key(field), document, access.owner, access.prefix)
            item = Item.from_raw_data(created.item) if created.item else None
        else:
            item = Item.create(document, access.prefix)
            created = Created(item.object_id, item.etag())
        key, tag = created[:2]
        request.META[ITEM_KEY] = key
        if not created.is_new:
            return _repeated_response(request, created)
        log_change(request, "create", key=key, etag_after=tag)
        return _created_response(request, key, tag, item)

    def retrieve(self, request: Request, **kwargs: str) -> HttpResponseBase:
        """Return the item with the key in the path."""
        item = Item.fetch(_key(request, READ))
        if request.accepted_renderer.format == "api":
            return Response(item)
        tag = item.etag()
        if (preconditions := _preconditions(request)) and preconditions.is_seen(item.object_id, tag):
            # The length, if any, must be the one of the 200 (RFC 9110, section 8.6).
            return HttpResponseNotModified(headers={"ETag": tag, "Content-Length": str(len(item.json_text()))})
        return respond(request, item, headers={"ETag": tag})


class KeyedItemViewSet(JsonViewSet):
    """The item under a key that the client chooses."""

    permission_of: ClassVar = {"update": CanWrite, "partial_update": CanWrite}

    def update(self, request: Request, **kwargs: str) -> HttpResponseBase:
        """Store an object as the item, in place of any item that is there."""
        key = _key(request, WRITE)
        if "HTTP_CONTENT_RANGE" in request.META:
            # A part of an item would replace all of it (RFC 9110, section 14.5).
            raise InvalidHeader("Content-Range is not supported: send the whole item, or use PATCH.")
        item, written = Item.replace(key, _document(request), _required_preconditions(request))
        tag = item.etag()
        action = "create" if written.created else "replace"
        log_change(request, action, key=key, etag_before=written.etag_before, etag_after=tag)
        if written.created:
            return _created_response(request, key, tag, item)
        body, headers = _representation(request, key, item)
        return respond(request, body, headers={"ETag": tag, **headers})

    def partial_update(self, request: Request, **kwargs: str) -> HttpResponseBase:
        """Apply a JSON Merge Patch to the item. Return the item, or its key to a client that may not read it."""
        item, written = Item.patch(_key(request, WRITE), _document(request), _required_preconditions(request))
        key, tag = item.object_id, item.etag()
        log_change(request, "patch", key=key, etag_before=written.etag_before, etag_after=tag)
        if READ not in access_of(request).scopes:
            return respond(request, {KEY: key}, headers={"ETag": tag})
        return respond(request, item, headers={"ETag": tag, "Content-Location": item_path(key)})

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Return DRF's header fields, and the supported patch types (RFC 5789, section 3.1)."""
        return {**super().default_response_headers, "Accept-Patch": ACCEPT_PATCH}


def _key(request: Request, scope: str) -> str:
    """Return the key in the path. Raises PathNotFound, InvalidKey, InsufficientScope."""
    # The path is still percent-encoded: see middleware.py.
    segments = request._request.path_info.split("/", 3)
    key = key_from_path(segments[3]) if len(segments) == 4 else ""
    if not key:
        raise PathNotFound
    request.META[ITEM_KEY] = key
    access_of(request).check_key(scope, key)
    return key


def _document(request: Request) -> AttributeMap:
    """Return the attribute map in the body of a write.

    Raises InvalidJson, BadValue, and the errors of ``check_again``.
    """
    if request.META.get("CONTENT_LENGTH") in (None, "", "0"):
        raise InvalidJson("The body is empty: send a JSON object.")
    document = cast(AttributeMap, request.data)
    check_again(request, WRITE)
    return document


def _preconditions(request: Request) -> Preconditions | None:
    return parse_preconditions(request.META.get("HTTP_IF_MATCH"), request.META.get("HTTP_IF_NONE_MATCH"))


def _required_preconditions(request: Request) -> Preconditions | None:
    return parse_required_preconditions(request.META.get("HTTP_IF_MATCH"), request.META.get("HTTP_IF_NONE_MATCH"))


def _created_response(
    request: Request, key: str, tag: str, item: Item | None, headers: dict[str, str] | None = None
) -> HttpResponseBase:
    body, more = _representation(request, key, item)
    return respond(request, body, 201, {"Location": item_path(key), "ETag": tag, **more, **(headers or {})})


def _repeated_response(request: Request, created: Created) -> HttpResponseBase:
    """Return the response to a repetition of a POST with an Idempotency-Key."""
    item = None
    if _wants_representation(request):
        # The item of the first response, if it is still the same.
        with suppress(ItemNotFound):
            item = Item.fetch(created.object_id)
    unchanged = item if item is not None and item.etag() == created.etag else None
    return _created_response(request, created.object_id, created.etag, unchanged, {REPLAYED: "true"})


def _wants_representation(request: Request) -> bool:
    return "HTTP_PREFER" in request.META and parse_prefer(request.META["HTTP_PREFER"]).get("return") == "representation"


def _representation(request: Request, key: str, item: Item | None) -> tuple[Any, dict[str, str]]:
    """Return the body of a response to a write, and its header fields: the key, or the item if Prefer asks for it."""
    if item is None or not _wants_representation(request):
        return {KEY: key}, {}
    return item, {APPLIED: "return=representation", "Content-Location": item_path(key)}
