"""The bodies of lists that are streamed: JSON, NDJSON and CSV, and what keeps their connections from being silent."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from picus_api.authentication import check_again
from picus_api.core.access.access import READ
from picus_api.core.capacity import HUNG_UP_KEY
from picus_api.core.query.expressions import AttributePath
from picus_api.core.query.pagination import Page
from picus_api.core.values.to_csv import csv_header, csv_rows
from picus_api.core.values.to_json import json_from_attributes, json_lines
from picus_api.renderers import csv_columns

MAX_HELD_BYTES = 64
"""How much of CSV is kept back for silences: enough for ten minutes."""
SILENCE_SECONDS = 10
"""Shorter than the idle timeouts of CloudFront (30 s) and of the load balancer (60 s)."""


def stream(request: Request, pages: Iterator[Page], headers: dict[str, str]) -> StreamingHttpResponse:
    """Return the response with all pages in the format that the client accepts. Raises TableUnavailable.

    The connection is cut before the next page when the client may no longer read.
    """
    # `map` keeps no page while its text is being sent, which a generator would.
    pages = map(_AccessCheck(request), pages)
    renderer = request.accepted_renderer
    if renderer.format == "csv":
        body = _csv(csv_columns(request), pages)
        return StreamingHttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)
    texts = _texts(pages, renderer.format == "ndjson")
    # In a list that is emptied: a slow client must not keep the first text in memory for as long as it reads.
    begun = [_first_text(texts, request.META.get(HUNG_UP_KEY, lambda: False))]
    pieces = map(KeepAlive(), chain((begun.pop() for _ in range(1)), texts))
    return StreamingHttpResponse(pieces, content_type=renderer.media_type, headers=headers)


class _AccessCheck:
    """Check the access to each page but the first one, because a list can take long."""

    def __init__(self, request: Request) -> None:
        self._request, self._is_first = request, True

    def __call__(self, page: Page) -> Page:
        """Return the page. Raises the errors of ``check_again``."""
        if not self._is_first:
            check_again(self._request, READ)
        self._is_first = False
        return page


def _csv(columns: dict[str, AttributePath], pages: Iterator[Page]) -> Iterator[bytes]:
    """Return the body of a list as CSV. An error in the middle cuts the connection.

    The first page is read before the status line is sent: an outage can still become a 503.
    """
    paths = tuple(columns.values())
    begun = [csv_header(columns) + csv_rows(paths, next(pages).items)]
    # In a list that is emptied: a slow client must not keep the first rows in memory for as long as it reads.
    rows = chain((begun.pop() for _ in range(1)), map(partial(_csv_page, paths), pages))
    keep_alive = CsvKeepAlive()
    return chain(map(keep_alive, rows), keep_alive.end())


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
