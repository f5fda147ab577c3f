"""Read one segment of the table page by page, within a limit of read units per second.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan
"""

import re
from typing import Any

from picus_api.bulk.bulk_client import BulkClient
from picus_api.bulk.rate_limiter import RateLimiter
from picus_api.core.query.pagination import scan_request
from picus_api.core.values.codec import encode

# A strongly consistent page of 1 MB costs one unit per 4 KB.
_PAGE_UNITS = 256.0
_FIRST_LIMIT, _MAX_LIMIT = 10, 10_000


_SCANNED = re.compile(rb'"ScannedCount"\s*:\s*([0-9]+)')


def scanned_count(response: bytes) -> int:
    """Return how many items a Scan read, before its filter."""
    match = _SCANNED.search(response)
    return int(match[1]) if match else 0


class SegmentScan:
    """The pages of one segment. Used by one thread."""

    def __init__(
        self, client: BulkClient, limiter: RateLimiter, segment: int, segments: int, expressions: dict[str, Any]
    ) -> None:
        """Take the number of the segment, from 0, the number of all segments, and further parameters of the Scan."""
        self._client = client
        self._limiter = limiter
        parallel = {"Segment": segment, "TotalSegments": segments} if segments > 1 else {}
        self._parameters = {"TableName": client.table, "ReturnConsumedCapacity": "TOTAL", **parallel, **expressions}
        # With a rate, pages are small: a page of 1 MB can cost the units of a minute.
        self._limit = _FIRST_LIMIT if limiter.rate else None
        self._estimate = float(_FIRST_LIMIT) if limiter.rate else _PAGE_UNITS

    def fetch(self, after: str | None) -> bytes:
        """Return the JSON of the page after a key, or of the first page. Raises TableUnavailable, Interrupted."""
        request = encode(scan_request(after, self._limit, **self._parameters))
        self._limiter.reserve(self._estimate)
        response = self._client.send_until_accepted("Scan", request)
        units = self._limiter.settle(self._estimate, response)
        # A filter applies after the limit, so the limit counts all items that were read.
        if self._limiter.rate and units and (read := scanned_count(response)):
            self._adapt(self._limiter.rate, units / read)
        return response

    def _adapt(self, rate: float, units_per_item: float) -> None:
        """Set the limit of the next page to what half a second pays for."""
        self._limit = max(1, min(_MAX_LIMIT, int(rate / 2 / units_per_item)))
        self._estimate = self._limit * units_per_item
