"""The page of a list: its rows, as text or with the chosen columns, and links to other lists."""

from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import quote

from django.http import QueryDict
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.settings import api_settings

from picus_api.authentication import access_of
from picus_api.core.etag import etag
from picus_api.core.keys import KEY, is_reserved
from picus_api.core.query.list_expressions import names_to_sort_by
from picus_api.core.query.pagination import Page
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.to_json import json_from_attributes
from picus_api.core.values.version_attribute import without_version
from picus_api.list_query import next_path
from picus_api.list_view import HTML_PAGE_ITEMS
from picus_api.pages.table import Cell, Column, cells_of, chosen_columns, names_of
from picus_api.pretty_json import escape_bidi, escape_key
from picus_api.renderers import item_path

PREVIEW_CHARACTERS = 240
DOWNLOADS = {"json": "JSON", "ndjson": "NDJSON, an item on each line", "csv": "CSV, the chosen columns"}
PAGE_SIZES = ("10", "25", "50", "100", "500", "1000")


def list_context(page: Page, request: Request, formats: Collection[str]) -> dict[str, Any]:
    """Return the context of the list's template. ``formats``: the names of the formats that the list can have."""
    query = request.query_params.copy()
    query.pop(api_settings.URL_FORMAT_OVERRIDE or "", None)
    keys = query.getlist("key")
    # A list of keys has no pages.
    limit = "" if keys else str(query.setdefault("limit", str(HTML_PAGE_ITEMS)))
    path = _list_path(query)
    items = [without_version(item) for item in page.items]
    columns = chosen_columns(query.get("fields"))
    sort_names = names_to_sort_by(query.get("filter"), access_of(request).prefix) if columns else frozenset[str]()
    return {
        "part": "picus_api/list.html",
        "is_list": True,
        "columns": columns,
        "headings": [_heading(column, query, sort_names) for column in columns],
        "names": names_of(items, columns),
        "rows": [_row(stored, item, columns) for stored, item in zip(page.items, items, strict=True)],
        "next_path": None if page.position is None else next_path(query, page.position, access_of(request)),
        "is_filtered": "filter" in query,
        "first_path": _list_path(query, cursor=None) if "cursor" in query else None,
        "keys": keys,
        "sizes": [(size, size == limit) for size in _sizes(limit)],
        "count_path": None if keys else _list_path(query, cursor=None, fields=None, sort=None, limit="1"),
        "downloads": _downloads(query, formats, columns),
        "path": path,
        "raw_json": f"{path}&format=json",
    }


class Heading(NamedTuple):
    """The heading of a column. ``sort_path`` is the list in the order of the column, None if no index has it."""

    path: str
    sort_path: str | None
    order: str


def _heading(column: Column, query: QueryDict, sort_names: Collection[str]) -> Heading:
    orders = {column.path: "ascending", f"-{column.path}": "descending"}
    order = orders.get(query.get("sort", ""), "")
    if len(column.steps) > 1 or column.steps[0] not in sort_names:
        return Heading(column.path, None, order)
    wanted = f"-{column.path}" if order == "ascending" else column.path
    return Heading(column.path, _list_path(query, cursor=None, sort=wanted), order)


def _list_path(query: QueryDict, **changes: str | None) -> str:
    """Return the path of a list with this query and these changes; None removes a parameter."""
    parameters = query.copy()
    for name, value in changes.items():
        parameters.pop(name, None)
        if value is not None:
            parameters[name] = value
    return f"{reverse('list')}?{parameters.urlencode()}"


def _sizes(chosen: str) -> list[str]:
    return sorted({*PAGE_SIZES, chosen}, key=int) if chosen else []


def _downloads(query: QueryDict, formats: Collection[str], columns: list[Column]) -> list[tuple[str, str, str]]:
    """Return label, file name and path of each format in which all items that the filter matches can be downloaded."""
    offered = [name for name in DOWNLOADS if name in formats and (columns or name != "csv")]
    fields = ",".join([KEY, *(column.path for column in columns)]) if columns else None
    path_of = {name: _list_path(query, limit=None, cursor=None, fields=fields, format=name) for name in offered}
    return [(DOWNLOADS[name], f"items.{name}", path) for name, path in path_of.items()]


class Row(NamedTuple):
    """An item in a list. ``path`` is None if browsers can't open it, and ``etag`` if no path can delete it."""

    key: str
    encoded_key: str
    path: str | None
    etag: str | None
    preview: str
    cells: list[Cell]


def _row(stored: AttributeMap, item: AttributeMap, columns: list[Column]) -> Row:
    key = item[KEY]["S"]
    path = None if key in (".", "..") else item_path(key)
    tag = None if is_reserved(key) else etag(stored)
    preview = "" if columns else _preview(item)
    return Row(escape_key(key), quote(key, safe=""), path, tag, preview, cells_of(item, columns))


def _preview(item: AttributeMap) -> str:
    own = {name: value for name, value in item.items() if name != KEY}
    text = json_from_attributes(own).decode()
    return escape_bidi(text if len(text) <= PREVIEW_CHARACTERS else f"{text[:PREVIEW_CHARACTERS]}…")
