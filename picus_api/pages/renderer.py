"""Render the API as pages for a browser: the list, an item, and any other response."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from django.urls import reverse
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request

from picus_api.core.errors import InvalidKey
from picus_api.core.keys import KEY, check_new_key
from picus_api.core.query.pagination import Page
from picus_api.core.values.attribute_values import AttributeMap, not_json_values
from picus_api.core.values.to_json import json_from_attributes
from picus_api.core.values.version_attribute import without_version
from picus_api.models import Item
from picus_api.pages.filter_correction import correct_filter
from picus_api.pages.list_page import list_context
from picus_api.pretty_json import escape_bidi, escape_key, indent_json
from picus_api.renderers import ItemRenderer, item_path

# Characters that need no encoding in single quotes of a shell, and that curl does not expand.
_PLAIN_IN_URLS = "/?&=%:;,@+$!*()~#"
_JSON = "-H 'Content-Type: application/json'"


class Curl(NamedTuple):
    """A curl line: options, with a space after each, and the path on this domain.

    curl_lines.js puts the text of a form in place of the file.
    """

    options: str
    path: str


class BrowsableRenderer(BrowsableAPIRenderer):
    """DRF's browsable API with templates and scripts of Picus: DRF's own forms need serializers."""

    template = "picus_api/page.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the context of the template. Items are text, as the API writes them, so that no number is rounded."""
        request, view, response = (renderer_context[name] for name in ("request", "view", "response"))
        common = {
            "heading": self.get_name(view),
            "response": response,
            "origin": _origin(request),
            # Browsers remove these keys from a path before they send it, so the page must refuse them.
            "unreachable": _refusal("."),
        }
        if isinstance(data, Page):
            formats = {renderer.format for renderer in view.renderer_classes}
            listed = list_context(data, request, formats)
            access_path = _describe_plan(response.headers.get("Picus-Plan", ""), listed["is_filtered"])
            return common | listed | {"curl": Curl("", listed["path"]), "access_path": access_path}
        if isinstance(data, Item):
            return common | _item_context(data)
        other = _response_context(data, request, view.allowed_methods)
        if other["is_form"]:
            response.status_code = 200
        return common | other | ({"heading": common["response"].status_text} if other["is_error"] else {})


def _origin(request: Request) -> str:
    """Return scheme and host as the service knows them. Behind an edge that ends TLS, page.js corrects them."""
    return request.build_absolute_uri("/").rstrip("/")


def _describe_plan(plan: str, is_filtered: bool) -> str | None:
    """Return a sentence about the access path of a list (the header field Picus-Plan), or None if there is none."""
    kind, _, index = plan.partition(" ")
    if kind == "query":
        return f"Uses the index {escape_bidi(index)}."
    if kind == "get":
        return "Reads one item by its key."
    return "Reads the whole table: no index serves this filter." if kind == "scan" and is_filtered else None


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


def _response_context(data: Any, request: Request, allowed_methods: list[str]) -> dict[str, Any]:
    """Return the context of the root, of a created item's key, and of errors."""
    query = request.META.get("QUERY_STRING")
    target = request._request.path_info + (f"?{query}" if query else "")
    is_list = request.path.rstrip("/") == reverse("list")
    creates = "POST" in allowed_methods
    # A browser that opens the path that creates gets its form. Other clients get a 405.
    is_form = creates and request.method == "GET"
    is_error = isinstance(data, Mapping) and "error" in data and not is_form
    return {
        "part": "picus_api/response.html",
        "data": _escaped_values(data),
        "text": indent_json(ItemRenderer().render(data).decode()),
        "is_error": is_error,
        "is_form": is_form,
        "searches": is_list,
        "correction": _corrected_filter(request) if is_list else None,
        "curl": Curl("", quote(target, safe=_PLAIN_IN_URLS)) if request.method == "GET" and not is_form else None,
        "create": _create_curl() if creates else None,
    } | ({} if is_error or request.path != reverse("root") else _root_context(data))


def _root_context(data: Mapping[str, str]) -> dict[str, Any]:
    endpoints = [(name, endpoint, _endpoint_link(name, endpoint)) for name, endpoint in data.items()]
    return {"part": "picus_api/root.html", "endpoints": endpoints}


def _create_curl() -> Curl:
    return Curl(f"{_JSON} --data-binary @item.json ", reverse("put"))


def _without_key(attributes: AttributeMap) -> AttributeMap:
    return {name: value for name, value in attributes.items() if name != KEY}


def _endpoint_link(name: str, endpoint: str) -> str:
    """Return the path of an endpoint's page, or of its description if it needs a key."""
    path = endpoint.partition(" ")[2]
    return f"{reverse('docs')}#/Items/{name}Item" if "{" in path else path


def _corrected_filter(request: Request) -> dict[str, str] | None:
    """Return text and path of a filter that works, if the query's filter is refused and a good guess exists."""
    text = correct_filter(request.query_params.get("filter", ""))
    if text is None:
        return None
    return {"text": escape_bidi(text), "path": f"{reverse('list')}?{urlencode({'filter': text})}"}


def _escaped_values(data: Any) -> Any:
    """Return a body whose strings a page can quote: with bidirectional control characters escaped."""
    if not isinstance(data, Mapping):
        return data
    return {name: escape_bidi(value) if isinstance(value, str) else value for name, value in data.items()}


def _refusal(key: str) -> str | None:
    """Return why no path replaces or deletes this key, or None. Other programs may store items under any key."""
    try:
        check_new_key(key)
    except InvalidKey as error:
        return error.message
    return None
