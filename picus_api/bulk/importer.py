"""Import items: one thread reads and converts records, others write them, and a checkpoint records the batches."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from picus_api.bulk.batch_reader import OnFile, RecordBatch, key_for_record, read_batches, to_row
from picus_api.bulk.bulk_client import BulkClient, Check, WorkerPool, worker_pool
from picus_api.bulk.checkpoint import ImportCheckpoint
from picus_api.bulk.errors import BulkError
from picus_api.bulk.formats import Format
from picus_api.bulk.input_files import InputFile
from picus_api.bulk.rate_limiter import RateLimiter
from picus_api.core.batch_write import BATCH_ITEMS, BatchWriter, Row
from picus_api.core.dynamodb.table import is_refusal, refusal_reason
from picus_api.core.errors import PicusError, TableMissing

OnProgress = Callable[[int, int], None]
"""Called with the number of further records that are done, and the bytes of the files that were read so far."""


class ImportOptions(NamedTuple):
    """The options of an import.

    ``format``: the format of all files, or None to detect it.
    ``max_wcu``: write units per second, or None.
    ``skip_existing``: keep an existing item with the key of a record, instead of replacing it.
    ``checkpoint``: the checkpoint file, or None.
    ``restart``: discard what earlier runs recorded.
    """

    files: Sequence[InputFile]
    format: Format | None = None
    threads: int = 8
    max_wcu: float | None = None
    skip_existing: bool = False
    checkpoint: Path | None = None
    restart: bool = False


class ImportResult(NamedTuple):
    """Counts of records: imported by this run, by earlier runs, and skipped by this run; write units; seconds."""

    items: int
    before: int
    skipped: int
    units: float
    seconds: float


def check_files(options: ImportOptions, on_file: OnFile, on_progress: OnProgress) -> int:
    """Read and convert all records without writing any, and return their number. Raises BulkError."""
    total = 0
    for batch in read_batches(options.files, options.format, on_file):
        for record in batch.records:
            to_row(record, lambda: "assigned")
        if batch.fault:
            raise batch.fault
        total += len(batch.records)
        on_progress(len(batch.records), batch.records[-1].position)
    return total


class Importer:
    """Imports the files once, or continues an earlier run."""

    def __init__(self, options: ImportOptions, on_file: OnFile, on_progress: OnProgress, check: Check) -> None:
        """Open the checkpoint. ``check`` is called before each batch. Raises UsageError, SettingError."""
        self._options = options
        self._on_file = on_file
        self._on_progress, self._check = on_progress, check
        self._client = BulkClient(options.threads)
        self._limiter = RateLimiter(options.max_wcu, self._client.stop)
        self._writer = BatchWriter(self._client.send, self._client.table, self._client.new_backoff, self._limiter)
        identity = {**self._client.place, "sources": [file.name for file in options.files]}
        self.checkpoint = ImportCheckpoint.open(options.checkpoint, identity, restart=options.restart)
        self._queue_places = threading.Semaphore(2 * options.threads)
        self._changed = threading.Condition()
        self._keys_in_progress: set[str] = set()
        self.items = self.before = self._skipped = 0
        self._has_submitted = False

    def run(self) -> ImportResult:
        """Import all records. After an error the checkpoint stays if anything may have been written.

        Raises BulkError, TableUnavailable, KeyboardInterrupt.
        """
        started = time.monotonic()
        try:
            with worker_pool(self._options.threads, self._client.stop) as pool:
                self._submit_batches(pool)
            self._client.raise_failure()
            self.checkpoint.check_all_taken()
            self.checkpoint.delete()
        finally:
            if not self.can_continue:
                self.checkpoint.delete()
            self.checkpoint.close()
            self._client.close()
        return ImportResult(self.items, self.before, self._skipped, self._limiter.used, time.monotonic() - started)

    @property
    def can_continue(self) -> bool:
        """Return True if this run or an earlier one may have written records, so that the checkpoint is useful."""
        nothing_written = isinstance(self._client.failure, TableMissing) and self.items == 0
        return (self._has_submitted and not nothing_written) or self.checkpoint.resumed

    def _submit_batches(self, pool: WorkerPool) -> None:
        for batch in read_batches(self._options.files, self._options.format, self._on_file):
            if batch.fault is None and self._is_written(batch):
                self.before += len(batch.records)
                self._on_progress(len(batch.records), batch.records[-1].position)
                continue
            rows = self._rows(batch)
            if batch.fault:
                raise batch.fault
            self._wait_for_keys(rows)
            self._queue_places.acquire()
            self._client.raise_failure()
            self._check()
            self._has_submitted = True
            pool.submit(self._write, batch, list(rows.values()))

    def _is_written(self, batch: RecordBatch) -> bool:
        try:
            return self.checkpoint.take_written(batch.number, batch.checksum())
        except BulkError as error:
            first = batch.records[0]
            raise BulkError(f"{first.file.name}, line {first.line}: {error}") from error

    def _rows(self, batch: RecordBatch) -> dict[str, Row]:
        """Return the rows by key. Of two records with one key the later wins, or the first with ``skip_existing``."""
        rows = {}
        for number, record in enumerate(batch.records, batch.number * BATCH_ITEMS):
            row = to_row(record, lambda number=number: key_for_record(self.checkpoint.import_id, number))  # type: ignore[misc]
            if not (self._options.skip_existing and row.key in rows):
                rows[row.key] = row
        return rows

    def _wait_for_keys(self, rows: dict[str, Row]) -> None:
        """Wait until no thread writes any of these keys, so that the last record with a key is written last."""
        with self._changed:
            self._changed.wait_for(lambda: self._client.failure or self._keys_in_progress.isdisjoint(rows))
            self._keys_in_progress |= rows.keys()

    def _write(self, batch: RecordBatch, rows: list[Row]) -> None:
        with self._client.stop_on_error():
            if not self._client.stop.is_set():
                skipped = self._write_rows(rows, len(batch.records))
                self.checkpoint.add(batch.number, batch.checksum())
                with self._changed:
                    self.items += len(batch.records)
                    self._skipped += skipped
                    self._on_progress(len(batch.records), batch.records[-1].position)
        with self._changed:
            self._keys_in_progress.difference_update(row.key for row in rows)
            self._changed.notify()
        self._queue_places.release()

    def _write_rows(self, rows: list[Row], records: int) -> int:
        """Write the rows; return how many of the records were skipped. Raises BulkError, TableUnavailable."""
        if self._options.skip_existing:
            return records - sum(self._write_new(row) for row in rows)
        for outcome in self._writer.write(rows):
            if outcome.error:
                raise _import_error(outcome.row, outcome.error)
        return 0

    def _write_new(self, row: Row) -> bool:
        try:
            return self._writer.write_new(row)
        except PicusError as error:
            raise _import_error(row, error) from error


def _import_error(row: Row, error: PicusError) -> Exception:
    """Return the error with the origin of the row if DynamoDB refused the row; any other error as it is."""
    if not is_refusal(error):
        return error
    refused = BulkError(f"{row.origin}: {refusal_reason(error)}")
    refused.__cause__ = error
    return refused
