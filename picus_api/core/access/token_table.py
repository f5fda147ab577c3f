"""The token table: records of tokens, and the read-only switch. Reads are cached for ACCESS_CACHE_SECONDS.

A change holds when the cached read expires, so everywhere within that time. A cached read counts from before its call,
by the clock that is further ahead: Lambda can stop the clock of a process between two invocations.
"""

import os
import threading
import time
from typing import Any, Generic, NamedTuple, TypeVar

from picus_api.core.access.tokens import TOKEN_KEY, TokenRecord, record_from_attributes
from picus_api.core.dynamodb import table
from picus_api.core.errors import TableMissing, TableUnavailable, TokensUnavailable
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode

READ_ONLY = "read_only"
"""The key of the switch. No token has this id: an id has no underscore."""
MAX_TOKENS = 1024
"""Cached tokens, and cached ids of no token. Guessed ids only replace other guessed ids."""

_Value = TypeVar("_Value")


def tokens_table_name() -> str:
    """Return the name of the token table."""
    return os.environ.get("DYNAMODB_TOKENS_TABLE_NAME") or f"{table.table_name()}_tokens"


class Moment(NamedTuple):
    """A time of two clocks, in seconds."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(time.monotonic(), time.time())

    def age(self) -> float:
        """Return the seconds since this moment, by the clock that is further ahead."""
        now = Moment.now()
        return max(now.monotonic - self.monotonic, now.wall - self.wall)


class BoundedCache(Generic[_Value]):
    """Values for a number of seconds. A new value replaces the oldest one when the cache is full."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size, self._seconds = size, seconds
        self._entries: dict[str, tuple[_Value, Moment]] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> _Value | None:
        """Return the value, or None if it is absent or too old."""
        entry = self._entries.get(key)
        return entry[0] if entry is not None and entry[1].age() < self._seconds else None

    def put(self, key: str, value: _Value, moment: Moment) -> None:
        """Keep a value that was read at this moment."""
        with self._lock:
            self._entries.pop(key, None)
            if len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (value, moment)

    def drop(self, key: str) -> None:
        """Forget a value."""
        self._entries.pop(key, None)


class TokenTable:
    """Cached reads of the token table, shared by the threads of a process."""

    def __init__(self, seconds: float) -> None:
        """Take how long a read is cached."""
        self.seconds = seconds
        self._known: BoundedCache[TokenRecord] = BoundedCache(MAX_TOKENS, seconds)
        self._unknown: BoundedCache[bool] = BoundedCache(MAX_TOKENS, seconds)
        self._switch: BoundedCache[bool] = BoundedCache(1, seconds)
        self._reading_switch = threading.Lock()

    def find(self, token_id: str) -> TokenRecord | None:
        """Return the record of a token, or None if there is none. Raises TokensUnavailable."""
        record = self._known.get(token_id)
        if record is not None or self._unknown.get(token_id):
            return record
        moment = Moment.now()
        try:
            item = _read(token_id)
            record = None if item is None else record_from_attributes(item)
        except (TableUnavailable, KeyError, ValueError) as error:
            raise TokensUnavailable(token_id) from (error.__cause__ or error)
        if record is None:
            self._known.drop(token_id)
            self._unknown.put(token_id, True, moment)
        else:
            self._known.put(token_id, record, moment)
        return record

    def is_read_only(self) -> bool:
        """Return True if the read-only switch is on. Raises TableUnavailable.

        Without a token table the switch can't be on: a deployment of before has none.
        """
        found = self._switch.get(READ_ONLY)
        if found is None:
            with self._reading_switch:
                found = self._switch.get(READ_ONLY)
                if found is None:
                    found = self._read_switch()
        return found

    def _read_switch(self) -> bool:
        moment = Moment.now()
        try:
            item = _read(READ_ONLY)
        except TableMissing:
            item = None
        is_on = item is not None and item.get("on") == {"BOOL": True}
        self._switch.put(READ_ONLY, is_on, moment)
        return is_on


def _read(token_id: str) -> AttributeMap | None:
    request = {"TableName": tokens_table_name(), "Key": {TOKEN_KEY: {"S": token_id}}, "ConsistentRead": True}
    response: dict[str, Any] = decode(table.send("GetItem", request).body)
    return response.get("Item")
