"""Writes under a key that the client chooses, and what they share with the other views."""

from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from picus_api.conditional import request_preconditions
from picus_api.core.attributes import AttributeMap
from picus_api.core.errors import BadValue
from picus_api.core.paths import key_from_path
from picus_api.core.table import KEY
from picus_api.models import Item
from picus_api.parsers import ACCEPT_PATCH
from picus_api.raw_path import raw_path
from picus_api.renderers import answer, item_path


class KeyedItemViewSet(ViewSet):
    """The item under a key of the client's choice."""

    def update(self, request: Request, **kwargs: str) -> HttpResponseBase:
        """Store an object as the item, in place of what is there."""
        key = key_of(request._request)
        item, created = Item.replace(key, document_of(request), request_preconditions(request))
        tag = item.etag()
        return answer_created(request, key, tag) if created else Response({KEY: key}, headers={"ETag": tag})

    def partial_update(self, request: Request, **kwargs: str) -> Response:
        """Apply a JSON Merge Patch to the item, which is the answer."""
        item = Item.patch(key_of(request._request), document_of(request), request_preconditions(request))
        return Response(item, headers={"ETag": item.etag(), "Content-Location": item_path(item.object_id)})

    @property
    def default_response_headers(self) -> dict[str, str]:
        """DRF's, and which patches are understood (RFC 5789, section 3.1)."""
        return {**super().default_response_headers, "Accept-Patch": ACCEPT_PATCH}


def key_of(request: HttpRequest) -> str:
    """The key in the path. Raises NotFound, BadValue."""
    steps = raw_path(request).split("/", 3)
    if len(steps) < 4:
        raise NotFound
    key = key_from_path(steps[3])
    if not key:
        raise NotFound
    return key


def document_of(request: Request) -> AttributeMap:
    """The attribute map in the body. Raises BadValue."""
    if request.META.get("CONTENT_LENGTH") in (None, "", "0"):
        raise BadValue("The body is empty: send a JSON object.", located=False)
    return cast(AttributeMap, request.data)


def answer_created(request: Request, key: str, tag: str) -> HttpResponseBase:
    """The answer to a request that created an item with this ETag."""
    return answer(request, {KEY: key}, status=201, headers={"Location": item_path(key), "ETag": tag})
