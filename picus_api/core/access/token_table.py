"""The token table: records of tokens, and the read-only switch. Reads are cached for ACCESS_CACHE_SECONDS.

A change takes effect when the cached read expires. The age of a cached read is measured from before its call, by the
clock that is further ahead: Lambda can stop the clock of a process between two invocations.
"""

import os
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from picus_api.core.dynamodb import table
from picus_api.core.errors import TableMissing, TableUnavailable, TokensUnavailable, TooManyNewTokens
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode

if TYPE_CHECKING:
    from picus_api.core.access.tokens import TokenRecord

TOKEN_KEY, EXPIRES = "token_id", "expires"
"""The partition key of the token table, and the attribute by which DynamoDB removes expired tokens (TTL)."""
READ_ONLY = "read_only"
"""The key of the switch. No token has this id: an id has no underscore."""
MAX_TOKENS = 1024
"""The most tokens, and the most unknown ids, in the caches. Guessed ids replace other guessed ids only."""

NEW_IDS, NEW_IDS_PER_SECOND = 100, 50.0
"""How many new ids a process may read at once, and each second. A new id was not valid before.

A client that knows the form of tokens can guess ids with a right checksum. The limit keeps the table's reads for valid
tokens and the read-only switch.
"""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def tokens_table_name() -> str:
    """Return the name of the token table."""
    return os.environ.get("DYNAMODB_TOKENS_TABLE_NAME") or f"{table.table_name()}_tokens"


Moment = tuple[float, float]
"""A time of two clocks, in seconds: the monotonic one and the wall clock."""


def now() -> Moment:
    """Return the current time of both clocks."""
    return time.monotonic(), time.time()


def age(moment: Moment) -> float:
    """Return the seconds since a moment, by the clock that is further ahead."""
    monotonic, wall = moment
    return max(time.monotonic() - monotonic, time.time() - wall)


class BoundedCache(Generic[_Key, _Value]):
    """Keep values for some seconds. A new value replaces the oldest one when the cache is full."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size, self._seconds = size, seconds
        self._entries: dict[_Key, tuple[_Value, Moment]] = {}
        self._lock = threading.Lock()

    def get(self, key: _Key) -> _Value | None:
        """Return the value, or None if it is absent or too old."""
        entry = self._entries.get(key)
        return entry[0] if entry is not None and age(entry[1]) < self._seconds else None

    def moment(self, key: _Key) -> Moment | None:
        """Return when the value was read, or None if it is absent."""
        entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def put(self, key: _Key, value: _Value, moment: Moment) -> None:
        """Keep a value that was read at this moment."""
        with self._lock:
            self._entries.pop(key, None)
            if len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (value, moment)

    def drop(self, key: _Key) -> None:
        """Remove the value of a key, if the cache has one."""
        self._entries.pop(key, None)


class NewIds:
    """Limit the reads of new ids by a token bucket (https://en.wikipedia.org/wiki/Token_bucket)."""

    def __init__(self) -> None:
        self._left = float(NEW_IDS)
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Return True if one more id may be read now."""
        with self._lock:
            before, self._at = self._at, time.monotonic()
            self._left = min(NEW_IDS, self._left + (self._at - before) * NEW_IDS_PER_SECOND)
            if self._left < 1:
                return False
            self._left -= 1
            return True


class TokenTable:
    """Cached reads of the token table, shared by the threads of a process."""

    def __init__(self, seconds: float) -> None:
        """Create the caches. ``seconds``: how long a read is cached."""
        self.seconds = seconds
        self._known: BoundedCache[str, TokenRecord] = BoundedCache(MAX_TOKENS, seconds)
        self._unknown: BoundedCache[str, bool] = BoundedCache(MAX_TOKENS, seconds)
        self._accepted: BoundedCache[bytes, TokenRecord] = BoundedCache(MAX_TOKENS, seconds)
        self._switch: BoundedCache[str, bool] = BoundedCache(1, seconds)
        self._new_ids = NewIds()

    def find(self, token_id: str) -> "TokenRecord | None":
        """Return the record of a token, or None if there is none. Raises TokensUnavailable."""
        record = self._known.get(token_id)
        if record is not None or self._unknown.get(token_id):
            return record
        was_valid = self._known.moment(token_id) is not None
        if not was_valid and not self._new_ids.take():
            raise TooManyNewTokens(token_id)
        from picus_api.core.access.tokens import record_from_attributes  # noqa: PLC0415 - see access.py

        moment = now()
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

    def accepted(self, digest: bytes) -> "TokenRecord | None":
        """Return the record of a token that was accepted before, by the SHA-256 of its text."""
        return self._accepted.get(digest)

    def accept(self, digest: bytes, record: "TokenRecord") -> None:
        """Remember that a token is valid, for as long as its record is cached."""
        moment = self._known.moment(record.token_id)
        if moment is not None:
            self._accepted.put(digest, record, moment)

    def is_read_only(self) -> bool:
        """Return True if the read-only switch is on. Raises TableUnavailable.

        Without a token table the switch is off: deployments of earlier versions have no such table.
        """
        found = self._switch.get(READ_ONLY)
        if found is not None:
            return found
        # Without a lock, several threads may read at once, and none waits for another thread's call.
        moment = now()
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
