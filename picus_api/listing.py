"""The list: streamed whole, or a page of it with a link to the next (RFC 8288)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from picus_api.core.errors import BadParameter
from picus_api.core.searching import page_of
from picus_api.core.table import Page, TableUnavailable
from picus_api.core.to_json import json_from_attributes, json_lines
from picus_api.list_query import HTML_PAGE_ITEMS, ListQuery, list_query, next_path
from picus_api.models import Item

# Shorter than the patience of CloudFront (30 s) and of the load balancer (60 s).
SILENCE_SECONDS = 10

_EVERYTHING = ListQuery()


def list_items(request: Request) -> HttpResponseBase:
    """Every item that the query asks for; in a browser, or with a limit, a page of them."""
    query = list_query(request.query_params) if request.META.get("QUERY_STRING") else _EVERYTHING
    in_browser = request.accepted_renderer.format == "api"
    limit = query.limit or (HTML_PAGE_ITEMS if in_browser else None)
    with _as_query_error(query):
        return _stream(request, query) if limit is None else _page(request, query, limit)


def _page(request: Request, query: ListQuery, limit: int) -> HttpResponseBase:
    page = page_of(limit, query.after, query.expressions, settings.SEARCH_SECONDS)
    headers = {}
    if page.next_key is not None:
        headers["Link"] = f'<{next_path(request.query_params, page.next_key)}>; rel="next"'
    if not page.items and request.accepted_renderer.format == "ndjson":
        # DRF takes the type off an empty answer, but no lines are lines too.
        return HttpResponse(headers=headers, content_type=request.accepted_renderer.media_type)
    return Response(page, headers=headers)


def _stream(request: Request, query: ListQuery) -> HttpResponseBase:
    pages = Item.pages(query.after, **query.expressions)
    # Before the status line goes out: an outage must still be able to become a 503.
    first = next(pages)
    lines = request.accepted_renderer.format == "ndjson"
    body = _ndjson(first, pages) if lines else _json_array(first, pages)
    media_type = request.accepted_renderer.media_type
    return StreamingHttpResponse(() if request.method == "HEAD" else kept_alive(body), content_type=media_type)


def kept_alive(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, and while they are empty for long a space, which means nothing in JSON.

    A filter that finds little would leave the connection silent, and those in between would give it up.
    """
    sent = time.monotonic()
    for piece in pieces:
        if piece or time.monotonic() - sent > SILENCE_SECONDS:
            yield piece or b" "
            sent = time.monotonic()


def _json_array(first: Page, others: Iterator[Page]) -> Iterator[bytes]:
    """A JSON array, a piece per page, empty for an empty one.

    An error in the middle ends it without its bracket and cuts the connection.
    """
    separator = b"["
    for page in chain([first], others):
        yield separator + b",".join(map(json_from_attributes, page.items)) if page.items else b""
        separator = b"," if page.items else separator
    yield b"[]" if separator == b"[" else b"]"


def _ndjson(first: Page, others: Iterator[Page]) -> Iterator[bytes]:
    """A line per item, a piece per page. An error in the middle cuts the connection."""
    for page in chain([first], others):
        yield json_lines(page.items)


@contextmanager
def _as_query_error(query: ListQuery) -> Iterator[None]:
    """What DynamoDB itself refuses of a query is the query's fault, not an outage."""
    try:
        yield
    except TableUnavailable as error:
        if query.expressions and getattr(error.__cause__, "code", "") == "ValidationException":
            raise BadParameter("DynamoDB does not take this filter or these fields.", "filter") from error
        raise
