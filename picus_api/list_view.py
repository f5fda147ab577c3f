"""The list: streamed as a whole, or a page with a link to the next page (RFC 8288)."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from itertools import chain
from typing import Any

from django.conf import settings
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from picus_api.authentication import access_of
from picus_api.core.access.access import Access
from picus_api.core.capacity import HUNG_UP_KEY
from picus_api.core.dynamodb import table
from picus_api.core.errors import BadParameter
from picus_api.core.keys import MAX_KEY_BYTES
from picus_api.core.query.cursor import decode_cursor, encode_cursor
from picus_api.core.query.expressions import AttributePath, Placeholders
from picus_api.core.query.list_expressions import as_query_error, list_expressions
from picus_api.core.query.pagination import MAX_LIMIT, Page
from picus_api.core.query.projection import compile_fields
from picus_api.core.values.to_csv import csv_header, csv_rows
from picus_api.core.values.to_json import json_from_attributes, json_lines
from picus_api.models import Item
from picus_api.renderers import csv_columns

HTML_PAGE_ITEMS = 25
"""Items on a page in a browser, if the query has no limit."""
MAX_HELD_BYTES = 64
"""How much of CSV is kept back for silences: enough for ten minutes."""
SILENCE_SECONDS = 10
"""Shorter than the idle timeouts of CloudFront (30 s) and of the load balancer (60 s)."""

MAX_URL_BYTES = 8192
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""

# Percent-encoding makes three bytes of one, of non-ASCII characters up to twelve.
_SURELY_SHORT = 400
_PARAMETERS = ("limit", "cursor", "filter", "fields", "format")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class ListQuery:
    """The query of a list: ``limit`` items (None: all) after a key, with the ``expressions`` of a Scan."""

    limit: int | None = None
    after: str | None = None
    expressions: dict[str, Any] = field(default_factory=dict)


_EVERYTHING = ListQuery()


def list_items(request: Request) -> HttpResponseBase:
    """Return all items that the query asks for; in a browser, or with a limit, one page of them."""
    in_browser = request.accepted_renderer.format == "api"
    access = access_of(request)
    is_whole = not request.META.get("QUERY_STRING") and not access.prefix
    query = _EVERYTHING if is_whole else parse_list_query(request.query_params, access, whole_items=in_browser)
    limit = query.limit or (HTML_PAGE_ITEMS if in_browser else None)
    columns = csv_columns(request) if request.accepted_renderer.format == "csv" else None
    with as_query_error(query.expressions):
        if columns and limit is None:
            return _csv(columns, Item.pages(query.after, **query.expressions))
        return _stream(request, query) if limit is None else _page(request, query, limit)


def _csv(columns: dict[str, AttributePath], pages: Iterator[Page]) -> HttpResponseBase:
    """Stream a list as CSV. An error in the middle cuts the connection.

    The first page is read before the status line is sent: an outage can still become a 503.
    """
    paths = tuple(columns.values())
    begun = [csv_header(columns) + csv_rows(paths, next(pages).items)]
    # In a list that is emptied: a slow client must not keep the first rows in memory for as long as it reads.
    rows = chain((begun.pop() for _ in range(1)), map(partial(_csv_page, paths), pages))
    keep_alive = CsvKeepAlive()
    body = chain(map(keep_alive, rows), keep_alive.end())
    return StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")


def _csv_page(paths: tuple[AttributePath, ...], page: Page) -> bytes:
    return csv_rows(paths, page.items)


class CsvKeepAlive:
    """Keep back the end of the rows of CSV, and send it byte by byte while there are no others.

    A filter that finds few items would leave the connection silent, and CloudFront would give it up. CSV has no
    character that all readers ignore between rows.
    """

    def __init__(self) -> None:
        self._held, self._sent = b"", time.monotonic()

    def __call__(self, piece: bytes) -> bytes:
        """Return what to send for a piece, which is empty or has whole rows."""
        if piece:
            ready, self._held = self._held + piece[:-MAX_HELD_BYTES], piece[-MAX_HELD_BYTES:]
        elif time.monotonic() - self._sent > SILENCE_SECONDS:
            ready, self._held = self._held[:1], self._held[1:]
        else:
            return b""
        self._sent = time.monotonic()
        return ready

    def end(self) -> Iterator[bytes]:
        """Yield the end that is kept back."""
        yield self._held


def parse_list_query(parameters: QueryDict, access: Access, whole_items: bool = False) -> ListQuery:
    """Return the query in a list's parameters, for the items that the client may read. Raises BadParameter.

    ``whole_items``: check ``fields``, and read all attributes. A page shows the names to choose from, and needs ETags.

    An unknown parameter is an error: a list that ignored a misspelt ``limit`` would read the whole table. Names that
    begin with an underscore are ignored, so that clients can make URLs unique.
    """
    for name in parameters:
        if name not in _PARAMETERS and not name.startswith("_"):
            raise _unknown_parameter(name)
    limit = _single_value(parameters, "limit")
    cursor = _single_value(parameters, "cursor")
    _check_length(parameters, access)
    filter_text = _single_value(parameters, "filter")
    fields = _single_value(parameters, "fields")
    if whole_items and fields is not None:
        compile_fields(fields, Placeholders())
        fields = None
    return ListQuery(
        None if limit is None else _parse_limit(limit),
        None if cursor is None else decode_cursor(cursor, table.table_name(), filter_text or "", access.cursor_key),
        list_expressions(filter_text, fields, access.prefix),
    )


def _unknown_parameter(name: str) -> BadParameter:
    close = get_close_matches(name.lower(), _PARAMETERS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"a list has {', '.join(_PARAMETERS)}."
    return BadParameter(f"The parameter {json.dumps(name[:40])} is unknown: {hint}", name)


def next_path(parameters: QueryDict, next_key: str, access: Access) -> str:
    """Return the path and query of the page after a key, under the same query and for the same client."""
    following = parameters.copy()
    filter_text = parameters.get("filter") or ""
    following["cursor"] = encode_cursor(next_key, table.table_name(), filter_text, access.cursor_key)
    return f"{reverse('list')}?{following.urlencode()}"


class KeepAlive:
    """Replace an empty piece of a body by a space, once after each SILENCE_SECONDS: JSON ignores it.

    A filter that finds few items would leave the connection silent, and CloudFront would give it up. Other empty pieces
    stay: the server looks whether the client is still there.
    """

    def __init__(self) -> None:
        self._sent = time.monotonic()

    def __call__(self, piece: bytes) -> bytes:
        """Return the piece to send."""
        now = time.monotonic()
        if not piece and now - self._sent <= SILENCE_SECONDS:
            return b""
        self._sent = now
        return piece or b" "


def _single_value(parameters: QueryDict, name: str) -> str | None:
    values = parameters.getlist(name)
    if not values:
        return None
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.", name)
    if not values[0]:
        raise BadParameter.empty(name)
    return values[0]


def _check_length(parameters: QueryDict, access: Access) -> None:
    """Raise BadParameter if the link to a next page could be longer than the URLs that CloudFront takes."""
    if len(parameters.get("filter", "")) + len(parameters.get("fields", "")) > _SURELY_SHORT:
        longest = len(next_path(parameters, "x" * MAX_KEY_BYTES, access))
        if longest > MAX_URL_BYTES:
            parameter = "filter" if "filter" in parameters else "fields"
            raise BadParameter(
                f"The query is too long for pages: shorten it by {longest - MAX_URL_BYTES} bytes.", parameter
            )


def _parse_limit(text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise BadParameter(f"The parameter limit must be a whole number from 1 to {MAX_LIMIT}.", "limit")
    return int(text)


def _page(request: Request, query: ListQuery, limit: int) -> HttpResponseBase:
    deadline = time.monotonic() + settings.SEARCH_SECONDS
    has_hung_up = request.META.get(HUNG_UP_KEY, lambda: False)
    page = Item.page(
        limit,
        query.after,
        query.expressions,
        give_up=lambda: time.monotonic() > deadline or has_hung_up(),
        as_stored=request.accepted_renderer.format == "api",
    )
    headers = {}
    if page.next_key is not None:
        headers["Link"] = f'<{next_path(request.query_params, page.next_key, access_of(request))}>; rel="next"'
    if not page.items and request.accepted_renderer.format == "ndjson":
        # DRF would remove the media type from an empty response.
        return HttpResponse(headers=headers, content_type=request.accepted_renderer.media_type)
    return Response(page, headers=headers)


def _stream(request: Request, query: ListQuery) -> HttpResponseBase:
    texts = _texts(Item.pages(query.after, **query.expressions), request.accepted_renderer.format == "ndjson")
    # In a list that is emptied: a slow client must not keep the first text in memory for as long as it reads.
    begun = [_first_text(texts, request.META.get(HUNG_UP_KEY, lambda: False))]
    pieces = map(KeepAlive(), chain((begun.pop() for _ in range(1)), texts))
    return StreamingHttpResponse(pieces, content_type=request.accepted_renderer.media_type)


def _first_text(texts: Iterator[bytes], has_hung_up: Callable[[], bool]) -> bytes:
    """Return the text of the first items, before the status line is sent: an outage can still become a 503."""
    started = time.monotonic()
    for text in texts:
        if text or time.monotonic() - started > SILENCE_SECONDS or has_hung_up():
            return text
    return b""


def _texts(pages: Iterator[Page], is_ndjson: bool) -> Iterator[bytes]:
    """Return the text of a list: a piece for each page, an empty piece for a page without items.

    An error in the middle ends a JSON array without its bracket, and cuts the connection.
    """
    # `map` keeps no page while its text is being sent, which a generator would.
    if is_ndjson:
        return map(_lines, pages)
    array = _JsonArray()
    return chain(map(array.members, pages), array.end())


def _lines(page: Page) -> bytes:
    return json_lines(page.items)


class _JsonArray:
    """The text of a JSON array, page by page."""

    _separator = b"["

    def members(self, page: Page) -> bytes:
        """Return the items of the next page with what separates them from the items before."""
        if not page.items:
            return b""
        text = self._separator + b",".join(map(json_from_attributes, page.items))
        self._separator = b","
        return text

    def end(self) -> Iterator[bytes]:
        """Yield the end of the array."""
        yield b"[]" if self._separator == b"[" else b"]"
