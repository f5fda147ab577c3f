"""Render response bodies as exact JSON."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from picus_api.core.query.pagination import Page
from picus_api.core.response_body import encode_json
from picus_api.core.values.to_json import json_from_attributes, json_lines
from picus_api.models import Item


class ItemRenderer(BaseRenderer):
    """JSON in UTF-8: items and pages from their wire form, other bodies as they are."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "text"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(data, Item):
            return data.json_text()
        if isinstance(data, Page):
            return b"[" + b",".join(map(json_from_attributes, data.items)) + b"]"
        return encode_json(data)


class NdjsonRenderer(BaseRenderer):
    """A line of JSON for each item (https://github.com/ndjson/ndjson-spec); other bodies are one line."""

    media_type = "application/x-ndjson"
    format = "ndjson"
    charset = None
    render_style = "text"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(data, Page):
            return json_lines(data.items)
        return encode_json(data) + b"\n"


def respond(request: Request, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return DRF's response, or for JSON an equal plain response, which is faster than DRF's template response."""
    renderer = request.accepted_renderer
    if type(renderer) is not ItemRenderer:
        return Response(data, status, headers=headers)
    return HttpResponse(renderer.render(data), renderer.media_type, status, headers=headers)


def item_path(key: str) -> str:
    """Return the path of an item."""
    # Not reverse(), which would leave the slashes in a key as they are.
    return f"/picus/get/{quote(key, safe='')}"
