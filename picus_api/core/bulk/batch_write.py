"""Writing many rows: in batches, again while DynamoDB leaves some unprocessed, and never more than is allowed."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from picus_api.core.batching import batches
from picus_api.core.bulk.client import BulkClient, Meter, Patience
from picus_api.core.bulk.errors import BulkError
from picus_api.core.dynamodb.wire_json import encode
from picus_api.core.table import KEY, ItemConflict, ItemTooLarge, TableThrottled, TableUnavailable

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH_ITEMS = 25
# DynamoDB takes 16 MB; on a slow line less at a time arrives in time.
REQUEST_BYTES = 4 * 1024 * 1024
_UNIT_BYTES = 1024
IF_NEW = f',"ConditionExpression":"attribute_not_exists({KEY})"}}'.encode()
_REFUSED = ("ValidationException", "SerializationException")


class Row(NamedTuple):
    """An item on its way: its key, its attributes as JSON, and where it comes from, for errors."""

    key: str
    wire: bytes
    where: str


class RowRefused(BulkError):
    """DynamoDB can't hold this row."""


class BatchWriter:
    """Writes batches of rows with distinct keys; shared by all threads."""

    def __init__(self, client: BulkClient, meter: Meter, *, skip_existing: bool = False) -> None:
        self._client = client
        self._meter = meter
        self._write = self._create if skip_existing else self._replace
        self._head = f'{{"ReturnConsumedCapacity":"TOTAL","RequestItems":{{{json.dumps(client.table)}:['.encode()
        self._put_head = f'{{"ReturnConsumedCapacity":"TOTAL","TableName":{json.dumps(client.table)},"Item":'.encode()

    def write(self, rows: Sequence[Row]) -> int:
        """Write them all; how many were skipped.

        Raises RowRefused, TableUnavailable, Interrupted, having written some or none.
        """
        return self._write(rows)

    def _replace(self, rows: Sequence[Row]) -> int:
        for request in batches(rows, lambda row: len(row.wire), most=BATCH_ITEMS, most_bytes=REQUEST_BYTES):
            try:
                self._write_request([row.wire for row in request])
            except (ItemTooLarge, TableUnavailable) as error:
                if not is_refusal(error):
                    raise
                self._find_refused(request)
        return 0

    def _write_request(self, wires: list[bytes]) -> None:
        patience = Patience(self._client.stop)
        while wires:
            estimate = float(sum(map(_units, wires)))
            self._meter.reserve(estimate)
            puts = b",".join(b'{"PutRequest":{"Item":' + wire + b"}}" for wire in wires)
            try:
                answer = self._client.call("BatchWriteItem", self._head + puts + b"]}}")
            except TableThrottled:
                self._meter.settle(estimate, b'{"CapacityUnits":0}')
                patience.pause()
                continue
            self._meter.settle(estimate, answer)
            left = _unprocessed(answer)
            if len(left) < len(wires):
                patience.progressed()
            if left:
                patience.pause()
            wires = left

    def _find_refused(self, rows: Sequence[Row]) -> None:
        """Write one by one what is refused together: DynamoDB doesn't say which row of a batch it can't hold."""
        for row in rows:
            self._put(row, b"}")

    def _create(self, rows: Sequence[Row]) -> int:
        """Write those whose key is not in use."""
        skipped = 0
        for row in rows:
            try:
                self._put(row, IF_NEW)
            except ItemConflict:
                skipped += 1
        return skipped

    def _put(self, row: Row, end: bytes) -> None:
        estimate = float(_units(row.wire))
        self._meter.reserve(estimate)
        try:
            answer = self._client.call_patiently("PutItem", self._put_head + row.wire + end)
        except (ItemTooLarge, TableUnavailable) as error:
            if not is_refusal(error):
                raise
            raise RowRefused(f"{row.where}: {reason(error)}") from error
        self._meter.settle(estimate, answer)


def _units(wire: bytes) -> int:
    """Write units of a row, rather too many than too few: its JSON is larger than itself."""
    return -(-len(wire) // _UNIT_BYTES)


def _unprocessed(answer: bytes) -> list[bytes]:
    """The rows that were not written."""
    if b'"PutRequest"' not in answer:
        return []
    requests = json.loads(answer)["UnprocessedItems"].values()
    return [encode(request["PutRequest"]["Item"]) for each in requests for request in each]


def is_refusal(error: Exception) -> bool:
    """Whether it is about the rows, and not about the table or the way there."""
    return isinstance(error, ItemTooLarge) or getattr(error.__cause__, "code", None) in _REFUSED


def reason(error: Exception) -> str:
    """Why, for the operator."""
    if isinstance(error, ItemTooLarge):
        return "The item is larger than DynamoDB's 400 KB."
    return f"DynamoDB refuses the item: {getattr(error.__cause__, 'message', error)}"
