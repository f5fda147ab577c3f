"""Write many items by BatchWriteItem: the only code that does, for NDJSON requests and for imports.

BatchWriteItem takes no conditions. A repetition after a lost response leaves the same items, since a batch has distinct
keys. Items that DynamoDB leaves unprocessed are sent again after a wait, as long as some items get through.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, NamedTuple

from picus_api.core import store
from picus_api.core.capacity import Limiter
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.table import ConditionFailed, is_refusal
from picus_api.core.dynamodb.transport import CallResult
from picus_api.core.errors import BadValue, ItemTooLarge, PicusError, TableThrottled
from picus_api.core.keys import KEY
from picus_api.core.preconditions import is_absent
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode, encode
from picus_api.core.values.item_size import MAX_ITEM_BYTES, SAFE_JSON_BYTES, item_size
from picus_api.core.values.version_attribute import with_version, write_within_limit

BATCH_ITEMS = 25
# DynamoDB takes 16 MB. A smaller request arrives in time on a slow line too.
REQUEST_BYTES = 4 * 1024 * 1024
PARALLEL_BATCHES = 4
NO_PROGRESS_SECONDS = 6.0
"""How long an NDJSON request waits while DynamoDB takes none of its items."""

_UUID_BYTES = 36
_WRITE_UNIT_BYTES = 1024

# Threads for the batches of all NDJSON requests. They and the threads of lists need all connections of the transport.
_writers = ThreadPoolExecutor(2 * PARALLEL_BATCHES, thread_name_prefix="batch")


class Row(NamedTuple):
    """An item to write: its key, its JSON in the wire form, and its origin (a line), for error messages."""

    key: str
    wire: bytes
    origin: Any


class Outcome(NamedTuple):
    """The result of writing a row: an error, or None. ``unknown``: the row may have been written despite the error."""

    row: Row
    error: PicusError | None = None
    unknown: bool = False


class BatchWriter:
    """Writes rows with distinct keys. Shared by all threads of an import or of the service."""

    def __init__(
        self,
        send: Callable[[str, bytes], CallResult],
        table_name: str,
        new_backoff: Callable[[], Backoff],
        limiter: Limiter | None = None,
    ) -> None:
        """Take the function that carries out a call (``table.send``), and one that returns a new Backoff."""
        self._send = send
        self._new_backoff = new_backoff
        self._limiter = limiter
        self._table = table_name
        report = '"ReturnConsumedCapacity":"TOTAL",' if limiter else ""
        self._batch_head = f'{{{report}"RequestItems":{{{json.dumps(table_name)}:['.encode()

    def write(self, rows: Sequence[Row]) -> list[Outcome]:
        """Write the rows in place of existing items, and return their outcomes in order."""
        outcomes: list[Outcome] = []
        for request in _requests(rows):
            outcomes += self._write_request(request)
        return outcomes

    def write_new(self, row: Row) -> bool:
        """Write the row unless an item has its key; return True if it was written.

        Raises BadValue, ItemTooLarge, TableUnavailable.
        """
        try:
            self._put(row, is_absent())
        except ConditionFailed:
            return False
        return True

    def _write_request(self, rows: Sequence[Row]) -> list[Outcome]:
        failure = self._send_until_written(rows)
        errors: dict[str, PicusError] = {}
        if failure.error is not None and is_refusal(failure.error):
            errors = self._write_one_by_one(failure.left)
        elif failure.error is not None:
            errors = {row.key: failure.error for row in failure.left}
        return [_outcome(row, errors.get(row.key), failure.response_lost) for row in rows]

    def _send_until_written(self, rows: Sequence[Row]) -> "_Failure":
        """Send the rows until all are written, or until DynamoDB takes none of them for too long."""
        backoff, left, lost = self._new_backoff(), rows, False
        error: PicusError = TableThrottled()
        while left:
            try:
                unprocessed, lost_now = self._send_batch(left)
                lost = lost or lost_now
            except TableThrottled as throttled:
                unprocessed, error, lost = left, throttled, lost or _may_be_written(throttled)
            except PicusError as failure:
                return _Failure(left, failure, lost)
            if len(unprocessed) < len(left):
                backoff = self._new_backoff()
            left = unprocessed
            if left and not backoff.wait():
                return _Failure(left, error, lost)
        return _Failure(left, None, lost)

    def _send_batch(self, rows: Sequence[Row]) -> tuple[Sequence[Row], bool]:
        """Send one BatchWriteItem; return the unprocessed rows, and whether an earlier response was lost."""
        puts = b",".join(b'{"PutRequest":{"Item":' + row.wire + b"}}" for row in rows)
        result = self._call("BatchWriteItem", self._batch_head + puts + b"]}}", rows)
        if b'"PutRequest"' not in result.body:
            return [], result.response_lost
        unprocessed = json.loads(result.body)["UnprocessedItems"].get(self._table, ())
        keys = {request["PutRequest"]["Item"][KEY]["S"] for request in unprocessed}
        return [row for row in rows if row.key in keys], result.response_lost

    def _write_one_by_one(self, rows: Sequence[Row]) -> dict[str, PicusError]:
        """Write the rows of a refused batch, and return the errors by key: DynamoDB does not name the refused row."""
        errors: dict[str, PicusError] = {}
        for position, row in enumerate(rows):
            try:
                self._put(row, {})
            except PicusError as error:
                if not is_refusal(error):
                    return errors | {left.key: error for left in rows[position:]}
                errors[row.key] = error
        return errors

    def _put(self, row: Row, condition: dict[str, Any]) -> None:
        """Write one row on a condition. Raises ConditionFailed, BadValue, ItemTooLarge, TableUnavailable."""

        def write(item: AttributeMap) -> None:
            backoff = self._new_backoff()
            report = {"ReturnConsumedCapacity": "TOTAL"} if self._limiter else {}
            request = encode({"TableName": self._table, "Item": item, **report, **condition})
            while True:
                try:
                    self._call("PutItem", request, [row])
                    return
                except TableThrottled:
                    if not backoff.wait():
                        raise

        write_within_limit(decode(row.wire), write)

    def _call(self, operation: str, request: bytes, rows: Sequence[Row]) -> CallResult:
        """Send a request within the limit of units. JSON is larger than its item: the estimate is never too low."""
        if self._limiter is None:
            return self._send(operation, request)
        units = float(sum(-(-len(row.wire) // _WRITE_UNIT_BYTES) for row in rows))
        self._limiter.reserve(units)
        try:
            result = self._send(operation, request)
        except TableThrottled:
            self._limiter.settle(units, b'{"CapacityUnits":0}')
            raise
        self._limiter.settle(units, result.body)
        return result


class _Failure(NamedTuple):
    left: Sequence[Row]
    error: PicusError | None
    response_lost: bool


def _outcome(row: Row, error: PicusError | None, response_lost: bool) -> Outcome:
    return Outcome(row, error, unknown=error is not None and (response_lost or _may_be_written(error)))


def _may_be_written(error: Exception) -> bool:
    cause = error.__cause__
    # The check of access before a write only reads.
    operation = getattr(cause, "operation_name", None) or getattr(cause, "operation", None)
    return operation in ("BatchWriteItem", "PutItem") and bool(getattr(cause, "response_lost", False))


def _requests(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in order, as many as fit into one request. A row that is larger than a request goes alone."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == BATCH_ITEMS or size + len(row.wire) > REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.wire)
    if batch:
        yield batch


# New items, for NDJSON requests


def check_new_item(document: AttributeMap, json_bytes: int, prefix_bytes: int = 0) -> None:
    """Raise the error that the write of a new item would raise.

    ``json_bytes``: the size of its JSON text. ``prefix_bytes``: the size of its key before the UUID.

    Raises BadValue, ItemTooLarge.
    """
    store.check_has_no_key(document)
    with_version(document)
    # The size counts the key and not the version attribute, which is dropped if the item has no room for it.
    key_bytes = len(KEY) + prefix_bytes + _UUID_BYTES
    if json_bytes > SAFE_JSON_BYTES and item_size(document) + key_bytes > MAX_ITEM_BYTES:
        raise ItemTooLarge


def new_row(line: int, document: AttributeMap, prefix: str = "") -> Row:
    """Return the row of a new item under a new key that begins with ``prefix``."""
    item = store.new_item(document, prefix)
    return Row(item[KEY]["S"], encode(item), line)


def concerns_all(error: PicusError | None) -> bool:
    """Return True if an error is not about the item of its row, so that no later row can be written either."""
    return error is not None and not isinstance(error, BadValue | ItemTooLarge)


def write_new_items(rows: Iterator[Row], check: Callable[[], None] = lambda: None) -> Iterator[list[Outcome]]:
    """Write rows with new keys; yield their outcomes batch by batch, in order.

    ``check`` comes before each call of DynamoDB, and raises a PicusError if no more items may be written.

    The first batch goes alone: if it fails, nothing at all is written. After an error that concerns all rows no further
    ones are written: the last outcome belongs to the last row that was tried.
    """

    def send(operation: str, request: bytes) -> CallResult:
        check()
        return table.send(operation, request)

    writer = BatchWriter(send, table.table_name(), _new_backoff)
    batches = _requests(rows)
    running: deque[Future[list[Outcome]]] = deque()
    width, failed = 1, False
    while True:
        while not failed and len(running) < width and (batch := next(batches, None)):
            running.append(_writers.submit(copy_context().run, writer.write, batch))
        if not running:
            return
        outcomes = running.popleft().result()
        failed = failed or any(concerns_all(outcome.error) for outcome in outcomes)
        width = PARALLEL_BATCHES
        yield outcomes


def _new_backoff() -> Backoff:
    return Backoff(0.1, 5.0, time.monotonic() + NO_PROGRESS_SECONDS)
