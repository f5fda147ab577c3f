"""The list: streamed as a whole, or a page with a link to the next page (RFC 8288)."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from picus_api.authentication import access_of
from picus_api.core.capacity import HUNG_UP_KEY
from picus_api.core.dynamodb.table_description import describe_table, forget_indexes
from picus_api.core.errors import TableUnavailable
from picus_api.core.keys import KEY
from picus_api.core.preferences import APPLIED
from picus_api.core.query.access_path import AccessPath
from picus_api.core.query.list_expressions import as_query_error, choose_path
from picus_api.core.query.pagination import Page
from picus_api.core.query.plan import scan_path
from picus_api.core.query.projection import Fields
from picus_api.list_query import ListQuery, fits, list_query, longest_position, next_path, too_long
from picus_api.list_stream import stream
from picus_api.models import Item
from picus_api.renderers import csv_columns

HTML_PAGE_ITEMS = 25
"""Items on a page in a browser, if the query has no limit."""
PLAN, TOTAL_COUNT = "Picus-Plan", "Picus-Total-Count"

_KEY_ONLY = Fields(KEY, frozenset([(KEY,)]))
# Error codes of a Query on an index that is gone, or that the service's role may not read.
_NO_INDEX = ("ValidationException", "AccessDeniedException")


def list_items(request: Request) -> HttpResponseBase:
    """Return all items that the query asks for; in a browser, or with a limit, one page of them."""
    query = list_query(request)
    if request.accepted_renderer.format == "csv":
        # Its renderer comes too late for an error.
        csv_columns(request)
    with as_query_error(query.wanted.conditions or query.wanted.fields):
        if query.keys:
            return _keyed_list(request, query)
        path = _path(request, query)
        try:
            return _list(request, query, path)
        except TableUnavailable as error:
            if not _can_do_without_index(query, path, error):
                raise
            forget_indexes(error.cause)
        return _list(request, query, scan_path(query.wanted))


def _path(request: Request, query: ListQuery) -> AccessPath:
    """Return how to read the list. Raises BadParameter."""
    path = choose_path(query.wanted, query.position, strong=query.strong)
    if path.index is None or not path.index.name:
        return path
    # A position in an index takes more of a URL than a key.
    longest, access = longest_position(path.index.name), access_of(request)
    if fits(request.query_params, longest, access):
        return path
    if query.wanted.sort is not None:
        raise too_long(request.query_params, longest, access)
    return scan_path(query.wanted)


def _can_do_without_index(query: ListQuery, path: AccessPath, error: TableUnavailable) -> bool:
    """Return True if the error is about an index, and the list can do without. Nothing has been sent yet."""
    is_index = path.index is not None and bool(path.index.name)
    depends = query.wanted.sort is not None or query.position is not None
    return is_index and not depends and getattr(error.__cause__, "code", "") in _NO_INDEX


def _list(request: Request, query: ListQuery, path: AccessPath) -> HttpResponseBase:
    headers = {PLAN: path.name}
    if query.count or query.strong:
        headers |= _preferred(query, path, _give_up(request))
    limit = query.limit or (HTML_PAGE_ITEMS if _is_browser(request) else None)
    start = None if query.position is None else path.start(query.position)
    if limit is None:
        return stream(request, Item.pages(path, start), headers)
    page = Item.page(path, limit, start, _give_up(request), as_stored=_is_browser(request))
    if page.position is not None:
        following = next_path(request.query_params, page.position, access_of(request))
        headers["Link"] = f'<{following}>; rel="next"'
    return _page(request, page, headers)


def _keyed_list(request: Request, query: ListQuery) -> HttpResponseBase:
    """Return the items of the keys in the query."""
    headers = {PLAN: "batch-get"}
    if query.count == "exact":
        found = sum(len(page.items) for page in Item.pages_of(query.keys, _KEY_ONLY))
        headers |= {TOTAL_COUNT: str(found), APPLIED: "count=exact"}
    pages = Item.pages_of(query.keys, query.wanted.fields, as_stored=_is_browser(request))
    if _is_browser(request):
        return _page(request, Page([item for page in pages for item in page.items], None), headers)
    return stream(request, pages, headers)


def _is_browser(request: Request) -> bool:
    return bool(request.accepted_renderer.format == "api")


def _give_up(request: Request) -> Callable[[], bool]:
    """Return a function that returns True when a search has taken too long, or its client has gone."""
    deadline = time.monotonic() + settings.SEARCH_SECONDS
    has_hung_up = request.META.get(HUNG_UP_KEY, lambda: False)
    return lambda: time.monotonic() > deadline or has_hung_up()


def _preferred(query: ListQuery, path: AccessPath, give_up: Callable[[], bool]) -> dict[str, str]:
    """Return the header fields for what Prefer asks of a list: the count, and which preferences are honoured."""
    total = None
    if query.count == "exact":
        total = Item.count_of(path, give_up)
    elif query.count == "estimated" and query.is_whole:
        total = describe_table().item_count
    applied = [] if total is None else [f"count={query.count}"]
    if query.strong and "ConsistentRead" in path.parameters:
        applied.append("consistency=strong")
    headers = {APPLIED: ", ".join(applied)} if applied else {}
    return headers if total is None else {TOTAL_COUNT: str(total), **headers}


def _page(request: Request, page: Page, headers: dict[str, str]) -> HttpResponseBase:
    if not page.items and request.accepted_renderer.format == "ndjson":
        # DRF would remove the media type from an empty response.
        return HttpResponse(headers=headers, content_type=request.accepted_renderer.media_type)
    return Response(page, headers=headers)
