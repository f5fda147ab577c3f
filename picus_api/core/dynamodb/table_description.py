"""The item table as DescribeTable describes it: its indexes and the number of its items, cached for a minute.

Lists ask for it when an index could help them. Without the permission, or while DynamoDB does not respond, they read
the table without indexes: a failure is logged once and never reaches a client.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from picus_api.core.dynamodb import table
from picus_api.core.errors import TableUnavailable
from picus_api.core.values.codec import decode

MAX_AGE_SECONDS = 60.0
"""How long a description is used, and how long after a failure the next one is asked for."""
MAX_STALE_SECONDS = 600.0
"""How long a description is used while newer ones fail."""

KeyType = Literal["S", "N", "B"]

_log = logging.getLogger("picus.table")


@dataclass(frozen=True)
class Index:
    """A global secondary index with a partition key and perhaps a sort key.

    ``projected``: the attributes that it has, or None for all. The table itself is an index without a name.
    """

    name: str
    partition_key: str
    partition_type: str
    sort_key: str | None = None
    sort_type: str = ""
    projected: frozenset[str] | None = None


@dataclass(frozen=True)
class TableDescription:
    """The indexes that can be read, and the number of items as DynamoDB counted it in the last hours."""

    indexes: tuple[Index, ...] = ()
    item_count: int | None = None


class _Cache:
    """The description of one table, shared by all threads of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self.table = ""
        self.found = TableDescription()
        self.found_at = self.tried_at = float("-inf")
        self.failing = False


_cache = _Cache()


def describe_table(max_age: float = MAX_AGE_SECONDS) -> TableDescription:
    """Return the description of the item table, at most ``max_age`` seconds old.

    If DescribeTable fails, return the last description for some minutes, then one without indexes. Never raises for it.
    """
    # One thread asks at a time. The others wait: without the answer they would read the whole table.
    with _cache.lock:
        name, now = table.table_name(), time.monotonic()
        if _cache.table != name:
            _cache.forget()
            _cache.table = name
        if now - _cache.tried_at >= max_age:
            _cache.tried_at = now
            _refresh(now)
        return _cache.found if now - _cache.found_at < MAX_STALE_SECONDS else TableDescription()


def forget_indexes(cause: str) -> None:
    """Use no index for a minute, after one turned out to be gone or forbidden."""
    with _cache.lock:
        _log.warning("an index can't be read, so lists use none for a minute", extra={"cause": cause})
        _cache.found, _cache.tried_at = replace(_cache.found, indexes=()), time.monotonic()


def _refresh(now: float) -> None:
    try:
        _cache.found, _cache.found_at = parse_description(decode(table.call("DescribeTable"))), now
    except (TableUnavailable, LookupError) as error:
        if not _cache.failing:
            cause = error.cause if isinstance(error, TableUnavailable) else repr(error)
            _log.warning("DescribeTable fails, so lists use no index", extra={"cause": cause})
        _cache.failing = True
    else:
        _cache.failing = False


def parse_description(described: Mapping[str, Any]) -> TableDescription:
    """Return what a response to DescribeTable says. Indexes that are being made or deleted are left out."""
    found = described["Table"]
    types = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    keys = frozenset(each["AttributeName"] for each in found["KeySchema"])
    indexes = [_index(each, types, keys) for each in found.get("GlobalSecondaryIndexes") or []]
    return TableDescription(tuple(each for each in indexes if each is not None), found.get("ItemCount"))


def _index(described: Mapping[str, Any], types: Mapping[str, str], table_keys: frozenset[str]) -> Index | None:
    """Return the index, or None for one that can't be read yet, or that has keys of several attributes."""
    keys = [each["AttributeName"] for each in sorted(described["KeySchema"], key=lambda each: str(each["KeyType"]))]
    kinds = sorted(each["KeyType"] for each in described["KeySchema"])
    if described.get("IndexStatus") != "ACTIVE" or described.get("Backfilling") or kinds not in (["HASH"], _BOTH):
        return None
    sort_key = keys[1] if kinds == _BOTH else None
    projection = described["Projection"]
    projected = None
    if projection["ProjectionType"] != "ALL":
        projected = frozenset(projection.get("NonKeyAttributes") or ()) | table_keys | frozenset(keys)
    sort_type = "" if sort_key is None else types[sort_key]
    return Index(described["IndexName"], keys[0], types[keys[0]], sort_key, sort_type, projected)


_BOTH = ["HASH", "RANGE"]
