"""Pages of the item table: one scan request, a page for a client, and all pages one after the other."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, NamedTuple

from picus_api.core.dynamodb import table
from picus_api.core.keys import KEY, check_key
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode
from picus_api.core.values.version_attribute import remove_version

MAX_LIMIT = 1000
"""Items on a page that a client asks for."""
MAX_PAGE_BYTES = 4_000_000
"""Of DynamoDB's JSON. A page of large items ends early: it is in memory as a whole, as its Link precedes it."""

# A page in memory takes several times its bytes as Python objects. Pages of DynamoDB's 1 MB are no faster in all.
_PAGE_BYTES = 384 * 1024
_FIRST_PAGE_ITEMS = 250
_MIN_PAGE_ITEMS = 25
# How many items to read per request under a filter: few at first, because a filter may let most of them through.
_FIRST_STEP, _STEP_GROWTH, _LONGEST_STEP = 100, 4, 100_000

# In the text of a response: where the members beside the items are.
_ENDS_BYTES = 16 * 1024
_NEXT_KEY = re.compile(rb'"LastEvaluatedKey": ?\{"%b": ?\{"S": ?("(?:[^"\\]|\\.)*")' % KEY.encode(), re.DOTALL)
_COUNT = re.compile(rb'"Count": ?([0-9]{1,9})')

# Threads that wait for DynamoDB, one for each list that is being sent.
_prefetchers = ThreadPoolExecutor(table.MAX_CONNECTIONS // 2, thread_name_prefix="scan")


class Page(NamedTuple):
    """Items, the key after which the next page starts (None at the end of the table), and the bytes of the response."""

    items: list[AttributeMap]
    next_key: str | None
    size: int = 0


def _next_limit(count: int, size: int) -> int:
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
    """Return the page in the response to a Scan, as stored. It takes several times the memory of its text."""
    response = decode(body)
    last_key = response.get("LastEvaluatedKey")
    return Page(response["Items"], last_key[KEY]["S"] if last_key else None, len(body))


def scan(after: str | None = None, limit: int | None = None, **expressions: Any) -> Page:
    """Read one page as clients see it, by one request. Raises TableUnavailable."""
    return _visible_page(_fetch(after, limit, expressions))


def _fetch(after: str | None, limit: int | None, expressions: dict[str, Any]) -> bytes:
    return table.call("Scan", **scan_request(after, limit, **expressions))


def _visible_page(body: bytes) -> Page:
    page = parse_page(body)
    for item in page.items:
        remove_version(item)
    return page


def read_pages(after: str | None = None, **expressions: Any) -> Iterator[Page]:
    """Yield all pages of the table after a key, each fetched while the page before it is in use.

    ``expressions``: parameters of Scan. A page may be empty without being the last. One page is in memory, as long as
    the caller keeps it, and the text of the next one. A caller who stops reading stops the scan. Raises
    TableUnavailable.

    One scan without parallel segments: lists with 2 and 4 segments took longer and more memory.
    """
    # Under a filter, a limit would count the items before they are filtered: DynamoDB's own 1 MB is better.
    limited = "FilterExpression" not in expressions
    # In lists, so that this generator keeps no page while the client of a list takes its time.
    bodies = [_fetch(after, _FIRST_PAGE_ITEMS if limited else None, expressions)]
    while True:
        # Before the page is decoded, which takes as long as a part of the next request.
        expected = _expected_key(bodies[0])
        limit = _next_limit(_item_count(bodies[0]), len(bodies[0])) if limited else None
        ahead = _prefetchers.submit(copy_context().run, _fetch, expected, limit, expressions) if expected else None
        pages = [_visible_page(bodies.pop())]
        next_key = pages[0].next_key
        yield pages.pop()
        if next_key is None:
            return
        bodies.append(ahead.result() if ahead and expected == next_key else _fetch(next_key, limit, expressions))
        del ahead


def _expected_key(body: bytes) -> str | None:
    """Return the key after which the next page probably starts. An attribute may have the same name as the member."""
    at = body.rfind(b'"LastEvaluatedKey"', -_ENDS_BYTES)
    found = _NEXT_KEY.match(body, at) if at >= 0 else None
    return json.loads(found[1]) if found else None


def _item_count(body: bytes) -> int:
    """Return the number of items in a response, from its beginning or its end."""
    found = _COUNT.search(body, 0, _ENDS_BYTES) or _COUNT.search(body, max(0, len(body) - _ENDS_BYTES))
    return int(found[1]) if found else 0


def read_page(
    limit: int,
    after: str | None,
    expressions: dict[str, Any],
    give_up: Callable[[], bool],
    as_stored: bool = False,
) -> Page:
    """Return at most ``limit`` items after a key. If the page has a ``next_key``, at least one more item follows.

    There is one exception: a filter that has found no item, or one, when ``give_up`` returns True between two requests.
    The client goes on from ``next_key``. ``as_stored``: keep the version attribute, for ETags. Raises TableUnavailable.
    """
    filtered = "FilterExpression" in expressions
    items: list[AttributeMap] = []
    size, step = 0, max(limit + 1, _FIRST_STEP)
    while True:
        # One item more than the limit proves that a next page exists.
        body = _fetch(after, step if filtered else limit + 1 - len(items), expressions)
        found = parse_page(body) if as_stored else _visible_page(body)
        items += found.items
        size += found.size
        after = found.next_key
        if len(items) > limit or after is None:
            break
        if (filtered and give_up()) or (size > MAX_PAGE_BYTES and len(items) > 1):
            break
        step = min(step * _STEP_GROWTH, _LONGEST_STEP)
    return _without_extra_item(items, limit, after, size)


def _without_extra_item(items: list[AttributeMap], limit: int, after: str | None, size: int) -> Page:
    if len(items) <= 1 or (after is None and len(items) <= limit):
        return Page(items, after, size)
    kept = items[: min(limit, len(items) - 1)]
    return Page(kept, kept[-1][KEY]["S"], size)
