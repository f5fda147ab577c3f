"""Pages of a list by any access path: a page for a client, all pages one after the other, and the number of items."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Event
from typing import Any, NamedTuple

from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.http_connection import on_sent
from picus_api.core.keys import KEY, check_key
from picus_api.core.query.access_path import WHOLE_TABLE, AccessPath
from picus_api.core.query.cursor import Position
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode
from picus_api.core.values.version_attribute import remove_version

MAX_LIMIT = 1000
"""Items on a page that a client asks for."""
MAX_PAGE_BYTES = 4_000_000
"""Of DynamoDB's JSON. A page of large items ends early: it is in memory as a whole, as its Link precedes it."""

# A page in memory takes several times its bytes as Python objects. Pages of DynamoDB's 1 MB are no faster in all.
_PAGE_BYTES = 384 * 1024
_FIRST_PAGE_ITEMS = 100
"""Few, so that a list starts early."""
_MIN_PAGE_ITEMS = 25
# How many items to read per request under a filter: few at first, because a filter may let most of them through.
_FIRST_STEP, _STEP_GROWTH, _LONGEST_STEP = 100, 4, 100_000

# In the text of a response: where the members beside the items are.
_ENDS_BYTES = 16 * 1024
_NEXT_START, _decoder = b'"LastEvaluatedKey"', json.JSONDecoder()
_COUNT = re.compile(rb'"Count": ?([0-9]{1,9})')

# Threads that wait for DynamoDB, one for each list that is being sent.
_prefetchers = ThreadPoolExecutor(table.MAX_CONNECTIONS // 2, thread_name_prefix="scan")
_SEND_SECONDS = 0.005
"""Longest wait until a request is sent. It passes in full if no thread or connection is free."""

GiveUp = Callable[[], bool]
"""Returns True when a search has taken long enough."""


class Page(NamedTuple):
    """Items, and where the next page starts: an ExclusiveStartKey, or None at the end of the list.

    ``size``: the bytes of the response. ``position``: the same place as ``start``, for a cursor, where one is needed.
    """

    items: list[AttributeMap]
    start: AttributeMap | None
    size: int = 0
    position: Position | None = None

    @property
    def next_key(self) -> str | None:
        """Return the key after which the next page starts, or None at the end."""
        return None if self.start is None else self.start[KEY]["S"]


def next_limit(count: int, size: int) -> int:
    """Return how many items the next page should have to be of about _PAGE_BYTES, if its items are like these."""
    return max(_MIN_PAGE_ITEMS, _PAGE_BYTES * count // max(size, 1))


def scan_request(after: str | None, limit: int | None, **parameters: Any) -> dict[str, Any]:
    """Return a strongly consistent Scan request, without a table name.

    ``after``: the key after which to start, or None. ``limit``: the number of items to read, or None for DynamoDB's
    1 MB. Both limits apply before a filter: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
    """
    if after is not None:
        check_key(after)
    start = {} if after is None else {"ExclusiveStartKey": {KEY: {"S": after}}}
    size = {} if limit is None else {"Limit": limit}
    return {"ConsistentRead": True, **start, **size, **parameters}


def parse_page(body: bytes) -> Page:
    """Return the page in a response, as stored. It takes several times the memory of its text."""
    response = decode(body)
    items = response.get("Items")
    if items is None:
        items = [response["Item"]] if "Item" in response else []
    return Page(items, response.get("LastEvaluatedKey"), len(body))


def _fetch(path: AccessPath, start: AttributeMap | None, limit: int | None, **parameters: Any) -> bytes:
    """Return DynamoDB's response to one request. Raises TableUnavailable."""
    if path.is_empty:
        return b'{"Items":[],"Count":0}'
    if path.operation == "GetItem":
        return table.call("GetItem", **path.parameters)
    begin = {} if start is None else {"ExclusiveStartKey": start}
    size = {} if limit is None else {"Limit": limit}
    return table.call(path.operation, **(parameters or path.parameters), **begin, **size)


def _fetch_ahead(path: AccessPath, start: AttributeMap, limit: int | None) -> Future[bytes]:
    """Fetch in another thread, and return as soon as its request is on its way.

    This thread would otherwise keep the interpreter, and DynamoDB would wait for the request.
    """
    context, sent = copy_context(), Event()
    context.run(on_sent.set, sent.set)
    ahead = _prefetchers.submit(context.run, _fetch, path, start, limit)
    sent.wait(_SEND_SECONDS)
    return ahead


def _visible_page(path: AccessPath, body: bytes) -> Page:
    page = parse_page(body)
    return page._replace(items=_visible(path, page.items))


def _visible(path: AccessPath, items: list[AttributeMap]) -> list[AttributeMap]:
    """Return the items as clients see them. It changes the items."""
    for item in items:
        remove_version(item)
    return items if path.fields is None else list(map(path.fields.select, items))


def read_pages(path: AccessPath = WHOLE_TABLE, start: AttributeMap | None = None) -> Iterator[Page]:
    """Yield all pages of a list from a start on, each fetched while the page before it is in use.

    A page may be empty without being the last. One page is in memory, as long as the caller keeps it, and the text of
    the next one. A caller who stops reading stops the requests. Raises TableUnavailable.

    One scan without parallel segments: lists with 2 and 4 segments took longer and more memory.
    """
    # Under a filter, a limit would count the items before they are filtered: DynamoDB's own 1 MB is better.
    limited = not path.filtered
    # In lists, so that this generator keeps no page while the client of a list takes its time.
    bodies = [_fetch(path, start, _FIRST_PAGE_ITEMS if limited else None)]
    while True:
        # Before the page is decoded, which takes as long as a part of the next request.
        expected = _expected_start(bodies[0])
        limit = next_limit(_item_count(bodies[0]), len(bodies[0])) if limited else None
        ahead = _fetch_ahead(path, expected, limit) if expected else None
        pages = [_visible_page(path, bodies.pop())]
        next_start = pages[0].start
        yield pages.pop()
        if next_start is None:
            return
        bodies.append(ahead.result() if ahead and expected == next_start else _fetch(path, next_start, limit))
        del ahead


def _expected_start(body: bytes) -> AttributeMap | None:
    """Return where the next page probably starts. An attribute may have the same name as the member."""
    at = body.rfind(_NEXT_START, -_ENDS_BYTES)
    if at < 0:
        return None
    try:
        text = body[at + len(_NEXT_START) :].decode().lstrip(": ")
        start, _ = _decoder.raw_decode(text)
    except ValueError:
        return None
    return start if isinstance(start, dict) and KEY in start else None


def _item_count(body: bytes) -> int:
    """Return the number of items in a response, from its beginning or its end."""
    found = _COUNT.search(body, 0, _ENDS_BYTES) or _COUNT.search(body, max(0, len(body) - _ENDS_BYTES))
    return int(found[1]) if found else 0


def read_page(
    path: AccessPath, limit: int, start: AttributeMap | None, give_up: GiveUp, *, as_stored: bool = False
) -> Page:
    """Return at most ``limit`` items from a start on. If the page has a ``position``, at least one more item follows.

    There is one exception: a filter that has found no item, or one, when ``give_up`` returns True between two requests.
    The client goes on from ``position``. ``as_stored``: keep the version attribute, for ETags. Raises TableUnavailable.
    """
    items: list[AttributeMap] = []
    size, step = 0, max(limit + 1, _FIRST_STEP)
    while True:
        # One item more than the limit proves that a next page exists.
        found = parse_page(_fetch(path, start, step if path.filtered else limit + 1 - len(items)))
        items += found.items
        size += found.size
        start = found.start
        if len(items) > limit or start is None:
            break
        if (path.filtered and give_up()) or (size > MAX_PAGE_BYTES and len(items) > 1):
            break
        step = min(step * _STEP_GROWTH, _LONGEST_STEP)
    if len(items) > 1 and (start is not None or len(items) > limit):
        items = items[: min(limit, len(items) - 1)]
        start = items[-1]
    position = None if start is None else path.position(start)
    shown = items if as_stored else _visible(path, items)
    return Page(shown, None if position is None else path.start(position), size, position)


def count_items(path: AccessPath, give_up: GiveUp) -> int | None:
    """Return the number of items of a list; None if ``give_up`` returns True between two requests.

    It reads, and costs, what the whole list does. Raises TableUnavailable.
    """
    if path.operation == "GetItem":
        return len(parse_page(_fetch(path, None, None)).items)
    count, start, parameters = 0, None, path.counting()
    while True:
        response = decode(_fetch(path, start, None, **parameters))
        count += int(response["Count"])
        start = response.get("LastEvaluatedKey")
        if start is None:
            return count
        if give_up():
            return None
