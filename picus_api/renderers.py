"""Answers: exact JSON."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from picus_api.core import messages
from picus_api.core.table import Page
from picus_api.core.to_json import json_from_attributes, json_lines
from picus_api.models import Item


class ItemRenderer(BaseRenderer):
    """JSON in UTF-8: items and pages of them from their wire form, other answers as they are."""

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
        """The body."""
        if isinstance(data, Item):
            return data.json_text()
        if isinstance(data, Page):
            return b"[" + b",".join(map(json_from_attributes, data.items)) + b"]"
        return messages.encode(data)


class NdjsonRenderer(BaseRenderer):
    """A line of JSON per item (https://github.com/ndjson/ndjson-spec); other answers are a line."""

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
        """The body."""
        if isinstance(data, Page):
            return json_lines(data.items)
        return messages.encode(data) + b"\n"


def answer(request: Request, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """DRF's answer, or where it is JSON the same without the template responses that DRF's own are made of."""
    renderer = request.accepted_renderer
    if type(renderer) is not ItemRenderer:
        return Response(data, status, headers=headers)
    return HttpResponse(renderer.render(data), renderer.media_type, status, headers=headers)


def item_path(key: str) -> str:
    """The path of an item's page."""
    # Not reverse(): it leaves slashes in a key as they are.
    return f"/picus/get/{quote(key, safe='')}"
