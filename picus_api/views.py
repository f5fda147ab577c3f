"""The endpoints on ECS, in DRF's terms."""

from collections.abc import Iterator
from itertools import chain
from typing import cast

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from picus_api.core import table
from picus_api.core.attributes import AttributeMap
from picus_api.core.errors import BadValue
from picus_api.core.paths import key_from_path
from picus_api.core.table import Page
from picus_api.core.to_json import json_from_attributes
from picus_api.models import Item
from picus_api.raw_path import raw_path
from picus_api.renderers import item_path

HTML_PAGE_ITEMS = 25


class Root(APIView):
    """A JSON item store on DynamoDB. Its endpoints, all on this domain."""

    name = "Picus"

    def get(self, request: Request) -> Response:
        """Where things are."""
        return Response(
            {
                "list": f"GET {reverse('list')}",
                "put": f"POST {reverse('put')}",
                "get": "GET /picus/get/{key}",
                "delete": "DELETE /picus/{key}",
            }
        )


class ItemViewSet(ViewSet):
    """Items of the table."""

    def perform_authentication(self, request: Request) -> None:
        """Nothing to do: everybody is anonymous."""

    def list(self, request: Request) -> HttpResponseBase:
        """Every item; in a browser, a page of them."""
        if request.accepted_renderer.format == "api":
            return Response(table.scan(request.query_params.get("after"), limit=HTML_PAGE_ITEMS))
        pages = Item.pages()
        # Before the status line goes out: an outage must still be able to become a 503.
        first = next(pages)
        if request.method == "HEAD":
            return StreamingHttpResponse((), content_type="application/json")
        return StreamingHttpResponse(_json_array(first, pages), content_type="application/json")

    def create(self, request: Request) -> Response:
        """Store one item under a new key."""
        if request.META.get("CONTENT_LENGTH") in (None, "", "0"):
            raise BadValue("The body is empty: send a JSON object.", located=False)
        item = Item.create(cast(AttributeMap, request.data))
        return Response({"object_id": item.object_id}, status=201, headers={"Location": item_path(item.object_id)})

    def retrieve(self, request: Request, **kwargs: str) -> Response:
        """One item."""
        return Response(Item.fetch(_key(request._request)))


def _json_array(first: Page, others: Iterator[Page]) -> Iterator[str]:
    """A JSON array, a piece per page. An error in the middle ends it without its bracket and cuts the connection."""
    separator = "["
    for page in chain([first], others):
        if page.items:
            yield separator + ",".join(map(json_from_attributes, page.items))
            separator = ","
    yield "[]" if separator == "[" else "]"


def _key(request: HttpRequest) -> str:
    steps = raw_path(request).split("/", 3)
    if len(steps) < 4:
        raise NotFound
    key = key_from_path(steps[3])
    if not key:
        raise NotFound
    return key
