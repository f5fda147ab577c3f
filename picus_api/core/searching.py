"""A page of a list: some items, and whether there are more, which takes a look ahead."""

import time
from typing import Any

from picus_api.core import table
from picus_api.core.attributes import AttributeMap
from picus_api.core.table import KEY, Page

MAX_LIMIT = 1000
# In DynamoDB's JSON. A page of large items ends early: it is held in memory, for its Link stands before it.
MAX_PAGE_BYTES = 4_000_000
# How many items to evaluate under a filter: few first, because a filter may let most of them through.
FIRST_STEP, STEP_GROWTH, MOST_STEP = 100, 4, 100_000


def page_of(limit: int, after: str | None, expressions: dict[str, Any], seconds: float) -> Page:
    """At most ``limit`` items behind a key. With a ``next_key`` at least one more item follows.

    The one exception: a filter that finds nothing, or a single item, in ``seconds``; the search then goes on behind
    ``next_key``.
    """
    deadline = time.monotonic() + seconds
    filtered = "FilterExpression" in expressions
    items: list[AttributeMap] = []
    size, step = 0, max(limit + 1, FIRST_STEP)
    while True:
        evaluate = step if filtered else limit + 1 - len(items)
        found = table.scan(after, evaluate, **expressions)
        items += found.items
        size += found.size
        after = found.next_key
        if len(items) > limit or after is None:
            break
        if (filtered and time.monotonic() > deadline) or (size > MAX_PAGE_BYTES and len(items) > 1):
            break
        step = min(step * STEP_GROWTH, MOST_STEP)
    return _cut(items, limit, after, size)


def _cut(items: list[AttributeMap], limit: int, after: str | None, size: int) -> Page:
    """The page, less the item that proves that there are more."""
    if len(items) <= 1 or (after is None and len(items) <= limit):
        return Page(items, after, size)
    kept = items[: min(limit, len(items) - 1)]
    return Page(kept, kept[-1][KEY]["S"], size)
