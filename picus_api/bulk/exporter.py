"""Export the table: one thread per segment reads and converts items, and a checkpoint records the pages."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from picus_api.bulk.bulk_client import BulkClient, worker_pool
from picus_api.bulk.checkpoint import ExportCheckpoint
from picus_api.bulk.errors import BulkError
from picus_api.bulk.export_file import ExportFile
from picus_api.bulk.formats import NDJSON, Format
from picus_api.bulk.rate_limiter import RateLimiter
from picus_api.bulk.segment_scan import SegmentScan
from picus_api.core.errors import json_pointer
from picus_api.core.keys import KEY
from picus_api.core.query.list_expressions import as_query_error, list_expressions
from picus_api.core.query.pagination import Page, parse_page
from picus_api.core.values.attribute_values import not_json_values
from picus_api.core.values.to_json import NotJsonType


class ExportOptions(NamedTuple):
    """The options of an export.

    ``filter``, ``fields``: as in the HTTP API, or None for all items and all attributes.
    ``path``: the file, or None for standard output.
    ``max_rcu``: read units per second, or None.
    ``lossy``: write sets as arrays and binary as base64 if the format is JSON.
    ``checkpoint``: the checkpoint file, or None.
    ``restart``: discard what earlier runs recorded.
    """

    path: Path | None = None
    format: Format = NDJSON
    gzipped: bool = False
    segments: int = 8
    max_rcu: float | None = None
    lossy: bool = False
    checkpoint: Path | None = None
    restart: bool = False
    filter: str | None = None
    fields: str | None = None


class ExportResult(NamedTuple):
    """Counts of items: exported by this run and by earlier runs; read units; seconds."""

    items: int
    before: int
    units: float
    seconds: float


class Exporter:
    """Exports the table once, or continues an earlier run."""

    def __init__(self, options: ExportOptions, on_progress: Callable[[int], object]) -> None:
        """Open the checkpoint. ``on_progress`` is called with the number of further items that are written.

        Raises UsageError, BadParameter, SettingError.
        """
        self._options = options
        self._expressions = list_expressions(options.filter, options.fields)
        self._on_progress = on_progress
        self._file = ExportFile(options.path, options.format, gzipped=options.gzipped)
        self._to_record = options.format.write if options.lossy else options.format.write_strictly
        self._lock, self._converting = threading.Lock(), threading.Lock()
        self.items = 0
        self._client = BulkClient(options.segments)
        self._limiter = RateLimiter(options.max_rcu, self._client.stop)
        choices = {"format": options.format.name, "gzip": options.gzipped, "lossy": options.lossy}
        choices |= {"filter": options.filter, "fields": options.fields}
        identity = {**self._client.place, "output": str(options.path), **choices}
        self.checkpoint = ExportCheckpoint.open(options.checkpoint, identity, options.segments, restart=options.restart)
        self.before = self.checkpoint.items

    def run(self) -> ExportResult:
        """Export all items. After an error the checkpoint stays.

        Raises BulkError, BadParameter, TableUnavailable, BrokenPipeError, KeyboardInterrupt.
        """
        started = time.monotonic()
        try:
            self._file.open(self.checkpoint.offset)
            self._on_progress(self.before)
            with as_query_error(self._expressions):
                self._export_segments()
            self._file.finish()
            self.checkpoint.delete()
        except NotJsonItem:
            # A resumed export would end here again: with other options it must start again.
            self._file.discard()
            self.checkpoint.delete()
            raise
        finally:
            self._file.close()
            self.checkpoint.close()
            self._client.close()
        return ExportResult(self.items, self.before, self._limiter.used, time.monotonic() - started)

    def _export_segments(self) -> None:
        with _infrequent_garbage_collection(), worker_pool(self._options.segments, self._client.stop) as pool:
            for segment in range(self.checkpoint.segments):
                pool.submit(self._export_segment, segment)
        self._client.raise_failure()

    def _export_segment(self, segment: int) -> None:
        after = self.checkpoint.positions.get(segment)
        if after is None and segment in self.checkpoint.positions:
            return
        with self._client.stop_on_error():
            scan = SegmentScan(self._client, self._limiter, segment, self.checkpoint.segments, self._expressions)
            while not self._client.stop.is_set():
                after = self._export_page(scan, segment, after)
                if after is None:
                    return

    def _export_page(self, scan: SegmentScan, segment: int, after: str | None) -> str | None:
        """Export the page after a key, and return its last key. The memory of a page is freed when this returns."""
        response = scan.fetch(after)
        # One thread at a time: the interpreter runs only one anyway, and each would need the memory of a page.
        with self._converting:
            records, next_key = self._convert(parse_page(response))
        del response
        self._write(segment, records, next_key)
        return next_key

    def _convert(self, page: Page) -> tuple[list[bytes], str | None]:
        """Return the records of a page and its last key, so that the items can be freed. Raises NotJsonItem."""
        try:
            return list(map(self._to_record, page.items)), page.next_key
        except NotJsonType as error:
            raise NotJsonItem(page) from error

    def _write(self, segment: int, records: list[bytes], next_key: str | None) -> None:
        encoded = self._file.encode_page(records) if records else b""
        with self._lock:
            offset = self._file.write(encoded) if records else self._file.offset
            self.checkpoint.add(segment, offset, len(records), next_key)
            self.items += len(records)
            self._on_progress(len(records))


class NotJsonItem(BulkError):
    """An item on a page has a value of a type that JSON does not have."""

    def __init__(self, page: Page) -> None:
        item, path, tag = next((item, *found) for item in page.items for found in not_json_values(item))
        super().__init__(
            f"The item {item[KEY]['S']!r} has a value of type {tag} at {json_pointer(path)}, a type that JSON does not "
            "have: --format dynamodb keeps it, --lossy writes sets as arrays and binary as base64."
        )


@contextmanager
def _infrequent_garbage_collection() -> Iterator[None]:
    """Collect garbage a hundred times less often.

    Items are trees of many small objects without cycles. The collector would visit them again and again, which is a
    third of the time of an export.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100 * usual[0], *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
