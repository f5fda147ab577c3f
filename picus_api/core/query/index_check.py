"""Find out whether an index holds every item that has its sort key.

DynamoDB refuses writes that an index can't hold, so only items from before the index can be missing: their sort key has
another type or is empty. One count of such items is enough, and is never repeated. It reads the whole table, so each
list that could use the index continues the count a little.
"""

import threading
from typing import Any

from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.table_description import Index
from picus_api.core.query.expressions import Placeholders
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode

PAGES_PER_LIST = 4
"""Requests of 1 MB by which one list continues the count: little beside the list itself, which then reads the table."""


class _Count:
    """The progress of the count for one index. ``start``: None before the first page and after the last one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.start: AttributeMap | None = None
        self.holds_all: bool | None = None


_counts: dict[tuple[str, Index], _Count] = {}


def holds_all(index: Index) -> bool:
    """Return True if the index is known to hold all items with its sort key; count further if it is not known.

    Raises TableUnavailable.
    """
    count = _counts.setdefault((table.table_name(), index), _Count())
    # Do not wait for another list that counts: this list then reads the table.
    if count.holds_all is None and count.lock.acquire(blocking=False):
        try:
            _count_further(count, _request(index))
        finally:
            count.lock.release()
    return count.holds_all is True


def forget_other_indexes(indexes: tuple[Index, ...]) -> None:
    """Forget the counts of indexes that are gone: one with the same name may be made of other items."""
    for key in [key for key in _counts if key[0] == table.table_name() and key[1] not in indexes]:
        _counts.pop(key, None)


def _count_further(count: _Count, request: dict[str, Any]) -> None:
    for _ in range(PAGES_PER_LIST):
        start = {} if count.start is None else {"ExclusiveStartKey": count.start}
        page = decode(table.call("Scan", **request, **start))
        count.start = page.get("LastEvaluatedKey")
        if page["Count"]:
            count.holds_all = False
        elif count.start is None:
            count.holds_all = True
        if count.holds_all is not None:
            return


def _request(index: Index) -> dict[str, Any]:
    placeholders = Placeholders()
    name = placeholders.path((str(index.sort_key),))
    is_key = f"attribute_type({name}, {placeholders.value({'S': index.sort_type})})"
    if index.sort_type == "S":
        is_key = f"({is_key} AND {name} > {placeholders.value({'S': ''})})"
    expression = f"attribute_exists({name}) AND NOT {is_key}"
    return {"Select": "COUNT", "FilterExpression": expression, "ConsistentRead": True, **placeholders.parameters()}
