"""An import: one thread reads and converts, others write, and a checkpoint remembers what is written."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from picus_api.bulk.checkpoint import ImportCheckpoint
from picus_api.bulk.client import BulkClient, RateLimiter, workers
from picus_api.bulk.errors import BulkError, Interrupted
from picus_api.bulk.formats import Format
from picus_api.bulk.reading import Announce, Batch, assigned_key, read_batches, row_of
from picus_api.bulk.sources import Source
from picus_api.core.batch_write import BATCH_ITEMS, BatchWriter, Row, is_refusal, refusal_reason
from picus_api.core.errors import PicusError

Progress = Callable[[int, int], None]
"""Told how many records more are done, and how many bytes of the sources have been read."""


class ImportOptions(NamedTuple):
    """What an operator can choose."""

    sources: Sequence[Source]
    format: Format | None = None
    """None: recognised by its first bytes."""
    threads: int = 8
    max_wcu: float | None = None
    """Write units a second."""
    skip_existing: bool = False
    """Leave items alone whose key is in use, instead of replacing them."""
    checkpoint: Path | None = None
    restart: bool = False
    """Forget what an earlier run has done."""


class Done(NamedTuple):
    """What was done: records now and in earlier runs, of which some were skipped, units used, and seconds taken."""

    items: int
    before: int = 0
    skipped: int = 0
    units: float = 0
    seconds: float = 0


def check(options: ImportOptions, announce: Announce, progress: Progress) -> int:
    """Read and convert everything, and write nothing: how many records. Raises BulkError."""
    total = 0
    for batch in read_batches(options.sources, options.format, announce):
        for entry in batch.entries:
            row_of(entry, lambda: "assigned")
        if batch.fault:
            raise batch.fault
        total += len(batch.entries)
        progress(len(batch.entries), batch.entries[-1].position)
    return total


class Importer:
    """One run of an import."""

    def __init__(self, options: ImportOptions, announce: Announce, progress: Progress) -> None:
        """Raises UsageError, SettingError."""
        self._options = options
        self._announce = announce
        self._progress = progress
        self._client = BulkClient(options.threads)
        self._meter = RateLimiter(options.max_wcu, self._client.stop)
        self._writer = BatchWriter(self._client.send, self._client.table, self._client.new_backoff, self._meter)
        belongs = {**self._client.place, "sources": [source.name for source in options.sources]}
        self.checkpoint = ImportCheckpoint.open(options.checkpoint, belongs, restart=options.restart)
        self._slots = threading.Semaphore(2 * options.threads)
        self._changed = threading.Condition()
        self._keys: set[str] = set()
        self._failure: BaseException | None = None
        self.items = self.before = self._skipped = 0

    def run(self) -> Done:
        """Import it all. Raises BulkError, TableUnavailable, KeyboardInterrupt; then the checkpoint stays."""
        started = time.monotonic()
        try:
            with workers(self._options.threads, self._client.stop) as pool:
                self._submit_all(pool)
            self._raise_failure()
            self.checkpoint.check_all_found()
            self.checkpoint.finish()
        finally:
            self.checkpoint.close()
            self._client.close()
        return Done(self.items, self.before, self._skipped, self._meter.used, time.monotonic() - started)

    def _submit_all(self, pool: ThreadPoolExecutor) -> None:
        for batch in read_batches(self._options.sources, self._options.format, self._announce):
            if batch.fault is None and self._is_done(batch):
                self.before += len(batch.entries)
                self._progress(len(batch.entries), batch.entries[-1].position)
                continue
            rows = self._rows(batch)
            if batch.fault:
                raise batch.fault
            self._claim(rows)
            self._slots.acquire()
            self._raise_failure()
            pool.submit(self._write, batch, list(rows.values()))

    def _is_done(self, batch: Batch) -> bool:
        try:
            return self.checkpoint.has(batch.number, batch.checksum)
        except BulkError as error:
            first = batch.entries[0]
            raise BulkError(f"{first.source.name}, line {first.line}: {error}") from error

    def _rows(self, batch: Batch) -> dict[str, Row]:
        """By key, and of two with the same key the later one; the first where what is there is left alone."""
        rows = {}
        for number, entry in enumerate(batch.entries, batch.number * BATCH_ITEMS):
            row = row_of(entry, lambda number=number: assigned_key(self.checkpoint.import_id, number))  # type: ignore[misc]
            if not (self._options.skip_existing and row.key in rows):
                rows[row.key] = row
        return rows

    def _claim(self, rows: dict[str, Row]) -> None:
        """Wait until nobody is writing these keys: the last of the records with a key is the one that stays."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._keys.isdisjoint(rows))
            self._keys |= rows.keys()

    def _write(self, batch: Batch, rows: list[Row]) -> None:
        try:
            if self._failure is None and not self._client.stop.is_set():
                skipped = self._write_rows(rows, len(batch.entries))
                self.checkpoint.mark(batch.number, batch.checksum)
                with self._changed:
                    self.items += len(batch.entries)
                    self._skipped += skipped
                    self._progress(len(batch.entries), batch.entries[-1].position)
        except Interrupted:
            pass
        except BaseException as error:
            with self._changed:
                self._failure = self._failure or error
            self._client.stop.set()
        finally:
            with self._changed:
                self._keys.difference_update(row.key for row in rows)
                self._changed.notify()
            self._slots.release()

    def _write_rows(self, rows: list[Row], records: int) -> int:
        """Write the rows; return how many of the records were skipped. Raises BulkError, TableUnavailable."""
        if self._options.skip_existing:
            return records - sum(self._create(row) for row in rows)
        for outcome in self._writer.write(rows):
            if outcome.error:
                raise _import_error(outcome.row, outcome.error)
        return 0

    def _create(self, row: Row) -> bool:
        try:
            return self._writer.write_new(row)
        except PicusError as error:
            raise _import_error(row, error) from error

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure


def _import_error(row: Row, error: PicusError) -> Exception:
    """Return the error with the origin of the row, if DynamoDB refused the row, and not the table or the connection."""
    if not is_refusal(error):
        return error
    reason = refusal_reason(error)
    refused = BulkError(f"{row.origin}: {reason}")
    refused.__cause__ = error
    return refused
