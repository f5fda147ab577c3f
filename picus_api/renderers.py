"""Answers: exact JSON, and DRF's browsable pages of it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer

from picus_api.core import messages
from picus_api.core.table import KEY, Page
from picus_api.core.to_json import json_from_attributes
from picus_api.list_query import next_path
from picus_api.models import Item
from picus_api.raw_path import raw_path


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
            return data.json_text().encode()
        if isinstance(data, Page):
            return f"[{','.join(map(json_from_attributes, data.items))}]".encode()
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
            return "".join(f"{json_from_attributes(item)}\n" for item in data.items).encode()
        return messages.encode(data) + b"\n"


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]\s*[\]}]|[\[\]{},:]|[^\s"\[\]{},:]+')


def indented(text: str) -> str:
    """The same JSON over several lines, its values untouched."""
    lines, depth = [""], 0
    for token in map(re.Match.group, _TOKEN.finditer(text)):
        if token in ("]", "}"):
            depth -= 1
            lines.append("  " * depth)
        lines[-1] += ": " if token == ":" else token
        if token in ("[", "{"):
            depth += 1
        if token in ("[", "{", ","):
            lines.append("  " * depth)
    return "\n".join(lines)


class NewItemForm(forms.Form):
    """What DRF's ajax-form.js posts: the text as it is, under a media type."""

    _content_type = forms.ChoiceField(
        label="Media type",
        choices=[("application/json", "application/json")],
        widget=forms.Select(attrs={"data-override": "content-type"}),
    )
    _content = forms.CharField(
        label="Item",
        initial='{"name": "x", "value": 123}',
        widget=forms.Textarea(attrs={"data-override": "content", "rows": 8}),
    )


class BrowsableRenderer(BrowsableAPIRenderer):
    """DRF's browsable API, with links between the pages of this one."""

    template = "picus_api/api.html"

    def get_content(self, renderer: Any, data: Any, accepted_media_type: str | None, renderer_context: Any) -> str:
        """The JSON of the answer, indented."""
        return indented(ItemRenderer().render(data).decode())

    def get_context(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> dict[str, Any]:
        """DRF's context and the links."""
        context = super().get_context(data, accepted_media_type, renderer_context)
        context["new_item_form"] = NewItemForm()
        context["shown_path"] = raw_path(context["request"]._request)
        if isinstance(data, Page):
            context["item_links"] = [_item_link(item[KEY]["S"]) for item in data.items]
            if data.next_key is not None:
                context["next_url"] = next_path(context["request"].query_params, data.next_key)
        if isinstance(data, Item):
            context["delete_path"] = f"/picus/{quote(data.object_id, safe='')}"
        return context


def item_path(key: str) -> str:
    """The path of an item's page."""
    # Not reverse(): it leaves slashes in a key as they are.
    return f"/picus/get/{quote(key, safe='')}"


def _item_link(key: str) -> tuple[str, str]:
    return key, item_path(key)
