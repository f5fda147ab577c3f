"""An export: a thread per segment reads and converts, and a checkpoint remembers how much of the output is good."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from picus_api.bulk.checkpoint import ExportCheckpoint
from picus_api.bulk.client import BulkClient, RateLimiter, rare_collections, workers
from picus_api.bulk.errors import BulkError, Interrupted
from picus_api.bulk.formats import NDJSON, Format, not_json_value
from picus_api.bulk.importing import Done
from picus_api.bulk.output import Output
from picus_api.bulk.scan_segments import SegmentPage, SegmentScan
from picus_api.core.keys import KEY
from picus_api.core.values.to_json import NotJsonType


class ExportOptions(NamedTuple):
    """What an operator can choose."""

    path: Path | None = None
    """None: standard output."""
    format: Format = NDJSON
    zipped: bool = False
    segments: int = 8
    max_rcu: float | None = None
    """Read units a second."""
    lossy: bool = False
    """Write sets as arrays and binary as base64 in formats that have no word for them."""
    checkpoint: Path | None = None
    restart: bool = False
    """Forget what an earlier run has done."""


class Exporter:
    """One run of an export."""

    def __init__(self, options: ExportOptions, progress: Callable[[int], object]) -> None:
        """Raises UsageError, SettingError. ``progress`` is told how many items more are written."""
        self._options = options
        self._progress = progress
        self._output = Output(options.path, options.format, zipped=options.zipped)
        self._record = options.format.write if options.lossy else options.format.write_strictly
        self._lock, self._converting = threading.Lock(), threading.Lock()
        self._failure: BaseException | None = None
        self.items = 0
        about = {"format": options.format.name, "gzip": options.zipped, "lossy": options.lossy}
        self._client = BulkClient(options.segments)
        self._meter = RateLimiter(options.max_rcu, self._client.stop)
        belongs = {**self._client.place, "output": str(options.path), **about}
        self.checkpoint = ExportCheckpoint.open(options.checkpoint, belongs, options.segments, restart=options.restart)
        self.before = self.checkpoint.items

    def run(self) -> Done:
        """Export it all. Raises BulkError, TableUnavailable, BrokenPipeError, KeyboardInterrupt."""
        started = time.monotonic()
        try:
            self._output.open(self.checkpoint.offset)
            self._progress(self.before)
            with rare_collections(), workers(self._options.segments, self._client.stop) as pool:
                for segment in range(self.checkpoint.segments):
                    pool.submit(self._export, segment)
            if self._failure:
                raise self._failure
            self._output.finish()
            self.checkpoint.finish()
        except NotJsonRefusal:
            # Going on would end here again: what is to be done differently begins anew.
            self._output.discard()
            self.checkpoint.finish()
            raise
        finally:
            self._output.close()
            self.checkpoint.close()
            self._client.close()
        return Done(self.items, self.before, 0, self._meter.used, time.monotonic() - started)

    def _export(self, segment: int) -> None:
        after = self.checkpoint.positions.get(segment)
        if after is None and segment in self.checkpoint.positions:
            return
        try:
            scan = SegmentScan(self._client, self._meter, segment, self.checkpoint.segments)
            while not self._client.stop.is_set():
                after = self._export_page(scan, segment, after)
                if after is None:
                    return
        except Interrupted:
            pass
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
            self._client.stop.set()

    def _export_page(self, scan: SegmentScan, segment: int, after: str | None) -> str | None:
        """The page behind a key; the key to go on after. A call of its own, so that all of a page is freed with it."""
        body = scan.fetch(after)
        # One at a time: the interpreter would run only one anyway, and each needs memory.
        with self._converting:
            records, following = self._converted(scan.parsed(body))
        del body
        self._write(segment, records, following)
        return following

    def _converted(self, page: SegmentPage) -> tuple[list[bytes], str | None]:
        """The records of a page, and the key to go on after."""
        try:
            return list(map(self._record, page.items)), page.next_key
        except NotJsonType as error:
            raise _refusal(page) from error

    def _write(self, segment: int, records: list[bytes], after: str | None) -> None:
        encoded = self._output.encoded(records) if records else b""
        with self._lock:
            offset = self._output.write(encoded) if records else self._output.offset
            self.checkpoint.mark(segment, offset, len(records), after)
            self.items += len(records)
            self._progress(len(records))


class NotJsonRefusal(BulkError):
    """An item has a value that the format has no word for."""


def _refusal(page: SegmentPage) -> NotJsonRefusal:
    """Of the first value on the page that JSON has no word for."""
    key, pointer, tag = next((item[KEY]["S"], *found) for item in page.items if (found := not_json_value(item)))
    return NotJsonRefusal(
        f"The item {key!r} has a value of type {tag} at {pointer}, for which JSON has no word: "
        "--format dynamodb keeps it, --lossy writes sets as arrays and binary as base64."
    )
