"""DRF's browsable API in pages of our own: a list, an item, and any other answer, as a browser sees them."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from django.urls import reverse
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.settings import api_settings

from picus_api.core.errors import InvalidKey
from picus_api.core.keys import KEY, check_new_key
from picus_api.core.query.pagination import Page
from picus_api.core.values.attribute_values import AttributeMap, not_json_values
from picus_api.core.values.to_json import json_from_attributes
from picus_api.core.values.version_attribute import without_version
from picus_api.list_view import HTML_PAGE_ITEMS, next_path
from picus_api.models import Item
from picus_api.pretty_json import escape_bidi, escape_key, indent_json
from picus_api.renderers import ItemRenderer, item_path

PREVIEW_CHARACTERS = 240
# What a shell in single quotes and curl's globbing take as it is.
_PLAIN_IN_URLS = "/?&=%:;,@+$!*()~#"
_JSON = "-H 'Content-Type: application/json'"


class Curl(NamedTuple):
    """A line of curl: options, each with a blank behind it, and the path on this domain."""

    options: str
    path: str


class BrowsableRenderer(BrowsableAPIRenderer):
    """DRF's browsable API without its template, whose forms are for serializers and whose scripts are not ours."""

    template = "picus_api/page.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the template shows: all numbers are text here, as the API writes them."""
        request, view = renderer_context["request"], renderer_context["view"]
        common = {
            "heading": self.get_name(view),
            "response": renderer_context["response"],
            "origin": _origin(request),
            # Browsers resolve them in paths before a request goes out, so the page has to say it.
            "dots": _refusal("."),
        }
        if isinstance(data, Page):
            return common | _list_context(data, request)
        if isinstance(data, Item):
            return common | _item_context(data)
        answer = _answer_context(data, request, view.allowed_methods)
        return common | answer | ({"heading": common["response"].status_text} if answer["is_error"] else {})


def _origin(request: Request) -> str:
    """Scheme and host as far as the service can know; the page's script knows better behind an edge that ends TLS."""
    return request.build_absolute_uri("/").rstrip("/")


def _list_context(page: Page, request: Request) -> dict[str, Any]:
    query = request.query_params.copy()
    query.pop(api_settings.URL_FORMAT_OVERRIDE or "", None)
    query.setdefault("limit", str(HTML_PAGE_ITEMS))
    path = f"{reverse('list')}?{query.urlencode()}"
    following = None if page.next_key is None else next_path(query, page.next_key)
    first = query.copy()
    on_first = first.pop("cursor", None) is None
    return {
        "part": "picus_api/list.html",
        "rows": [_row(item) for item in page.items],
        "next_path": following,
        "first_path": None if on_first else f"{reverse('list')}?{first.urlencode()}",
        "raw_json": f"{path}&format=json",
        "curl": Curl("", path),
        "create": _create_curl(),
    }


def _row(item: AttributeMap) -> tuple[str, str | None, str]:
    """Key for people, path (None where browsers can't follow one) and the beginning of the rest of an item."""
    text = json_from_attributes(_without_key(item)).decode()
    shown = text if len(text) <= PREVIEW_CHARACTERS else f"{text[:PREVIEW_CHARACTERS]}…"
    key = item[KEY]["S"]
    return escape_key(key), None if key in (".", "..") else item_path(key), escape_bidi(shown)


def _item_context(item: Item) -> dict[str, Any]:
    own = _without_key(without_version(item.serialize()))
    encoded, tag = quote(item.object_id, safe=""), item.etag()
    put_path, delete_path, guard = f"/picus/put/{encoded}", f"/picus/{encoded}", f"-H 'If-Match: {tag}' "
    return {
        "part": "picus_api/item.html",
        "heading": escape_key(item.object_id),
        "text": indent_json(item.json_text().decode()),
        "own_text": indent_json(json_from_attributes(own).decode()),
        "etag": tag,
        "item_path": item_path(item.object_id),
        "put_path": put_path,
        "delete_path": delete_path,
        "raw_json": f"{item_path(item.object_id)}?format=json",
        "writable": _refusal(item.object_id) is None,
        "beyond_json": any(not_json_values(own)),
        "curl": Curl("", item_path(item.object_id)),
        "replace": Curl(f"-X PUT {guard}{_JSON} --data-binary @item.json ", put_path),
        "patch": Curl(f"-X PATCH {guard}{_JSON} --data-binary @patch.json ", put_path),
        "delete": Curl(f"-X DELETE {guard}", delete_path),
    }


def _answer_context(data: Any, request: Request, allowed_methods: list[str]) -> dict[str, Any]:
    """Whatever is neither a list nor an item: where things are, what was created, and errors."""
    query = request.META.get("QUERY_STRING")
    target = request._request.path_info + (f"?{query}" if query else "")
    is_root, is_list = request.path == reverse("root"), request.path.rstrip("/") == reverse("list")
    creates = "POST" in allowed_methods
    return {
        "part": "picus_api/root.html" if is_root else "picus_api/answer.html",
        "data": _visible_values(data),
        "text": indent_json(ItemRenderer().render(data).decode()),
        # Who only looks at the path that creates is shown its form and no error.
        "is_error": isinstance(data, Mapping) and "error" in data and not (creates and request.method == "GET"),
        "searches": is_list,
        "curl": Curl("", quote(target, safe=_PLAIN_IN_URLS)) if request.method == "GET" and not creates else None,
        "create": _create_curl() if creates else None,
    }


def _create_curl() -> Curl:
    return Curl(f"{_JSON} --data-binary @item.json ", reverse("put"))


def _without_key(attributes: AttributeMap) -> AttributeMap:
    return {name: value for name, value in attributes.items() if name != KEY}


def _visible_values(data: Any) -> Any:
    """What a page quotes of an answer outside of its JSON."""
    if not isinstance(data, Mapping):
        return data
    return {name: escape_bidi(value) if isinstance(value, str) else value for name, value in data.items()}


def _refusal(key: str) -> str | None:
    """Why no path leads to this key for a replacement and a delete, None if one does: other programs may take any."""
    try:
        check_new_key(key)
    except InvalidKey as error:
        return error.message
    return None
