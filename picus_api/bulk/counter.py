"""Count items inside DynamoDB: one thread per segment, by Scan with Select=COUNT."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from picus_api.bulk.bulk_client import BulkClient, worker_pool
from picus_api.bulk.rate_limiter import RateLimiter
from picus_api.bulk.segment_scan import SegmentScan, scanned_count
from picus_api.core.keys import KEY
from picus_api.core.query.list_expressions import as_query_error, list_expressions
from picus_api.core.values.codec import decode


class CountResult(NamedTuple):
    """Counts of items: matching ones, and all that were read; read units; seconds."""

    items: int
    read: int
    units: float
    seconds: float


class ItemCounter:
    """Counts the items of the table that match a filter. A count costs the same as a list."""

    def __init__(self, filter_text: str | None, segments: int, max_rcu: float | None) -> None:
        """Take a filter, or None to count all items. Raises BadParameter, SettingError."""
        self._expressions = list_expressions(filter_text, None)
        self._segments = segments
        self._client = BulkClient(segments)
        self._limiter = RateLimiter(max_rcu, self._client.stop)
        self._lock = threading.Lock()
        self._items = self._read = 0

    def run(self, on_progress: Callable[[int], object]) -> CountResult:
        """Count the items. ``on_progress`` is called with the number of further items that were read.

        Raises BulkError, BadParameter, TableUnavailable, KeyboardInterrupt.
        """
        started = time.monotonic()
        try:
            with as_query_error(self._expressions):
                with worker_pool(self._segments, self._client.stop) as pool:
                    for segment in range(self._segments):
                        pool.submit(self._count_segment, segment, on_progress)
                self._client.raise_failure()
        finally:
            self._client.close()
        return CountResult(self._items, self._read, self._limiter.used, time.monotonic() - started)

    def _count_segment(self, segment: int, on_progress: Callable[[int], object]) -> None:
        parameters = {"Select": "COUNT", **self._expressions}
        with self._client.stop_on_error():
            scan = SegmentScan(self._client, self._limiter, segment, self._segments, parameters)
            after = None
            while not self._client.stop.is_set():
                text = scan.fetch(after)
                response = decode(text)
                with self._lock:
                    self._items += response["Count"]
                    self._read += scanned_count(text)
                    on_progress(scanned_count(text))
                if "LastEvaluatedKey" not in response:
                    return
                after = response["LastEvaluatedKey"][KEY]["S"]
