"""Render response bodies as exact JSON."""

from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.http.response import ResponseHeaders
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from picus_api.core.query.columns import parse_columns
from picus_api.core.query.expressions import AttributePath
from picus_api.core.query.pagination import Page
from picus_api.core.response_body import encode_json
from picus_api.core.values.to_csv import csv_header, csv_rows
from picus_api.core.values.to_json import json_from_attributes, json_lines
from picus_api.models import Item


class _BytesRenderer(BaseRenderer):
    """Base of the renderers of responses for programs."""

    charset: str | None = None
    render_style = "text"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return self.body(data, renderer_context or {})

    def body(self, data: Any, context: Mapping[str, Any]) -> bytes:
        """Return the body of a response with this data. ``context``: DRF's, with the request."""
        raise NotImplementedError


class ItemRenderer(_BytesRenderer):
    """JSON in UTF-8: items and pages from their wire form, other bodies as they are."""

    media_type = "application/json"
    format = "json"

    def body(self, data: Any, context: Mapping[str, Any]) -> bytes:
        if isinstance(data, Item):
            return data.json_text()
        if isinstance(data, Page):
            return b"[" + b",".join(map(json_from_attributes, data.items)) + b"]"
        return encode_json(data)


class NdjsonRenderer(_BytesRenderer):
    """A line of JSON for each item (https://github.com/ndjson/ndjson-spec); other bodies are one line."""

    media_type = "application/x-ndjson"
    format = "ndjson"

    def body(self, data: Any, context: Mapping[str, Any]) -> bytes:
        if isinstance(data, Page):
            return json_lines(data.items)
        return encode_json(data) + b"\n"


class CsvRenderer(_BytesRenderer):
    """CSV with the columns of ``fields`` (core/values/to_csv.py); other bodies are JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def body(self, data: Any, context: Mapping[str, Any]) -> bytes:
        if not isinstance(data, Page):
            return encode_json(data)
        columns = csv_columns(context["request"])
        return csv_header(columns) + csv_rows(tuple(columns.values()), data.items)


def csv_columns(request: Request) -> dict[str, AttributePath]:
    """Return the columns of a list as CSV, by their names. Raises BadParameter."""
    return parse_columns(request.query_params.get("fields"))


class _TrustedHeaders(ResponseHeaders):
    """Django's header fields; printable ASCII, which nearly all are, is stored without conversions."""

    def __setitem__(self, key: str, value: Any) -> None:
        if type(value) is str and value.isascii() and value.isprintable():
            self._store[key.lower()] = (key, value)
        else:
            super().__setitem__(key, value)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower() in self._store


class PlainResponse(HttpResponse):
    """Django's HttpResponse of bytes, made in a third of the time: one of its media type, its status and its fields."""

    def __init__(self, content: bytes, media_type: str, status: int, headers: Mapping[str, str] | None = None) -> None:
        # The attributes that HttpResponse.__init__ sets; a test compares them.
        self.headers = _TrustedHeaders({"Content-Type": media_type})
        for name, value in (headers or {}).items():
            self.headers[name] = value
        self.cookies = SimpleCookie()
        self.status_code = status
        self.closed = False
        self._charset = self._handler_class = self._reason_phrase = None
        self._resource_closers: list[Any] = []
        self._container = [content]


def respond(request: Request, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return DRF's response, or for JSON an equal plain response, which is faster than DRF's template response."""
    renderer = request.accepted_renderer
    if type(renderer) is not ItemRenderer:
        return Response(data, status, headers=headers)
    return PlainResponse(renderer.body(data, {}), renderer.media_type, status, headers)


def item_path(key: str) -> str:
    """Return the path of an item."""
    # Not reverse(), which would leave the slashes in a key as they are.
    return f"/picus/get/{quote(key, safe='')}"
