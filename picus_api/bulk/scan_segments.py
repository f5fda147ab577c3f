"""Reading a whole table: in segments side by side, page by page, and no faster than is allowed."""

from typing import NamedTuple

from picus_api.bulk.client import BulkClient, RateLimiter
from picus_api.core.keys import KEY
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode, encode

# A page of 1 MB, strongly consistent: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
_PAGE_UNITS = 256.0
_FIRST_ITEMS, _MOST_ITEMS = 10, 10_000


class SegmentPage(NamedTuple):
    """Items as DynamoDB sent them, and the key to go on after (None at the end)."""

    items: list[AttributeMap]
    next_key: str | None


class SegmentScan:
    """The pages of one segment of a strongly consistent scan."""

    def __init__(self, client: BulkClient, meter: RateLimiter, segment: int, segments: int) -> None:
        self._client = client
        self._meter = meter
        self._parallel = {"Segment": segment, "TotalSegments": segments} if segments > 1 else {}
        # Under a limit pages are small: one of 1 MB can cost as much as is allowed in a minute.
        self._limit = _FIRST_ITEMS if meter.rate else None
        self._cost = 0.0
        self._estimate = float(_FIRST_ITEMS) if meter.rate else _PAGE_UNITS

    def fetch(self, after: str | None) -> bytes:
        """The page behind a key, or the first, still as text. Raises TableUnavailable, Interrupted."""
        start = {} if after is None else {"ExclusiveStartKey": {KEY: {"S": after}}}
        size = {} if self._limit is None else {"Limit": self._limit}
        request = {"TableName": self._client.table, "ConsistentRead": True, "ReturnConsumedCapacity": "TOTAL"}
        self._meter.reserve(self._estimate)
        body = self._client.send_patiently("Scan", encode({**request, **self._parallel, **size, **start}))
        self._cost = self._meter.settle(self._estimate, body)
        return body

    def parsed(self, body: bytes) -> SegmentPage:
        """What was fetched. It takes several times the memory of its text."""
        answer = decode(body)
        self._adapt(self._cost, len(answer["Items"]))
        last = answer.get("LastEvaluatedKey")
        return SegmentPage(answer["Items"], last[KEY]["S"] if last else None)

    def _adapt(self, cost: float, items: int) -> None:
        """Ask for what half a second pays for."""
        if self._meter.rate and items and cost:
            self._limit = max(1, min(_MOST_ITEMS, int(self._meter.rate / 2 * items / cost)))
            self._estimate = self._limit * cost / items
