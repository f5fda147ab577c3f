"""Delete the items that match a filter: a scan lists them in a file, then each is deleted on a condition.

The condition repeats the filter and compares the version attribute, so an item that changed after the scan stays. (An
item that another program changed in place is deleted if it still matches: only Picus changes the version attribute.)
The delete reads nothing: it costs what a delete without a condition costs.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from picus_api.bulk.batch_reader import FileRecord, read_batches
from picus_api.bulk.bulk_client import BulkClient, Check, worker_pool
from picus_api.bulk.checkpoint import DeleteCheckpoint
from picus_api.bulk.errors import UsageError
from picus_api.bulk.export_file import PART_SUFFIX
from picus_api.bulk.exporter import Exporter, ExportOptions, ExportResult
from picus_api.bulk.formats import DYNAMODB
from picus_api.bulk.input_files import InputFile
from picus_api.bulk.rate_limiter import RateLimiter
from picus_api.core.dynamodb.table import ConditionFailed
from picus_api.core.errors import BadParameter, TableMissing
from picus_api.core.keys import KEY
from picus_api.core.query.expressions import MAX_EXPRESSION_BYTES, Placeholders
from picus_api.core.query.filters import compile_filter
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import encode
from picus_api.core.values.version_attribute import VERSION

DELETED, CHANGED, GONE = "deleted", "changed", "gone"
OnProgress = Callable[[int], object]
# The units of most deletes, refused ones too. The response corrects this estimate.
_EXPECTED_UNITS = 1.0


class DeleteOptions(NamedTuple):
    """The options of a deletion: filter, checkpoint file, and the options that imports and exports have too."""

    filter: str
    checkpoint: Path
    segments: int = 8
    threads: int = 8
    max_rcu: float | None = None
    max_wcu: float | None = None
    restart: bool = False

    @property
    def keys(self) -> Path:
        """Return the file that lists the matching items."""
        return self.checkpoint.with_name(self.checkpoint.name + ".keys")

    @property
    def scan_checkpoint(self) -> Path:
        """Return the checkpoint of the scan."""
        return self.checkpoint.with_name(self.checkpoint.name + ".matching")


class DeleteResult(NamedTuple):
    """Counts of items: deleted, left because they changed, gone already; all of them by this run; units; seconds."""

    deleted: int
    changed: int
    gone: int
    units: float
    seconds: float


class Deleter:
    """Deletes the items that match a filter once, or continues an earlier run."""

    def __init__(self, options: DeleteOptions) -> None:
        """Open the checkpoint. Raises UsageError, BadParameter, SettingError."""
        self._options = options
        self._condition = _Condition(options.filter)
        self._client = BulkClient(options.threads)
        self._limiter = RateLimiter(options.max_wcu, self._client.stop)
        identity = {**self._client.place, "filter": options.filter}
        self.checkpoint = DeleteCheckpoint.open(options.checkpoint, identity, restart=options.restart)
        self._lock = threading.Lock()
        self._outcomes: Counter[str] = Counter()
        if self.checkpoint.matched is not None and not options.keys.is_file():
            self.close()
            raise UsageError(f"There is no file {options.keys}: start again with --restart.")

    @property
    def matched(self) -> int:
        """Return how many items matched."""
        return self.checkpoint.matched or 0

    @property
    def left(self) -> int:
        """Return how many of the matching items were not tried yet."""
        return self.matched - sum(self.checkpoint.tried.values())

    @property
    def deleted(self) -> int:
        """Return how many items this run and earlier runs deleted."""
        return self.checkpoint.outcomes.get(DELETED, 0)

    @property
    def can_continue(self) -> bool:
        """Return True if the scan has begun, so that its checkpoint is useful."""
        return self._options.scan_checkpoint.exists()

    def match(self, on_progress: OnProgress) -> ExportResult | None:
        """List the matching items in a file, unless an earlier run did. Return the result of the scan, or None.

        Raises what ``Exporter.run`` raises.
        """
        if self.checkpoint.matched is not None:
            return None
        options = self._options
        scan = ExportOptions(
            path=options.keys,
            format=DYNAMODB,
            segments=options.segments,
            max_rcu=options.max_rcu,
            checkpoint=options.scan_checkpoint,
            restart=options.restart,
            filter=options.filter,
            fields=VERSION,
        )
        try:
            result = Exporter(scan, on_progress).run()
        except (BadParameter, TableMissing):
            self.discard()
            raise
        self.checkpoint.add_matched(result.items + result.before)
        return result

    def run(self, on_progress: OnProgress, check: Check) -> DeleteResult:
        """Delete the listed items. After an error the checkpoint stays. ``check`` is called before each batch.

        Raises what ``check`` raises, BulkError, TableUnavailable, KeyboardInterrupt.
        """
        started = time.monotonic()
        batches = self._batches()
        with worker_pool(self._options.threads, self._client.stop) as pool:
            for _ in range(self._options.threads):
                pool.submit(self._work, batches, on_progress, check)
        self._client.raise_failure()
        self.discard()
        deleted, changed, gone = (self._outcomes[outcome] for outcome in (DELETED, CHANGED, GONE))
        return DeleteResult(deleted, changed, gone, self._limiter.used, time.monotonic() - started)

    def discard(self) -> None:
        """Delete the checkpoint and the list."""
        keys = self._options.keys
        for path in (keys, keys.with_name(keys.name + PART_SUFFIX), self._options.scan_checkpoint):
            path.unlink(missing_ok=True)
        self.checkpoint.delete()

    def close(self) -> None:
        """Close the checkpoint and the connections. The files stay."""
        self.checkpoint.close()
        self._client.close()

    def _batches(self) -> Iterator[tuple[int, list[FileRecord]]]:
        """Yield the records that were not tried yet, with the numbers of their batches. Raises BadRecord."""
        file = InputFile(str(self._options.keys), self._options.keys)
        for batch in read_batches([file], DYNAMODB, lambda *_: None):
            if batch.fault:
                raise batch.fault
            yield batch.number, batch.records[self.checkpoint.tried.get(batch.number, 0) :]

    def _work(self, batches: Iterator[tuple[int, list[FileRecord]]], on_progress: OnProgress, check: Check) -> None:
        with self._client.stop_on_error():
            while not self._client.stop.is_set():
                check()
                with self._lock:
                    batch = next(batches, None)
                if batch is None:
                    return
                self._delete_batch(*batch, on_progress)

    def _delete_batch(self, number: int, records: list[FileRecord], on_progress: OnProgress) -> None:
        outcomes: Counter[str] = Counter()
        try:
            for record in records:
                outcomes[self._delete(DYNAMODB.parse(record.text))] += 1
        finally:
            # Also after an error in the middle: the next run goes on with the item that failed.
            with self._lock:
                self.checkpoint.add(number, outcomes)
                self._outcomes += outcomes
                on_progress(outcomes.total())

    def _delete(self, listed: AttributeMap) -> str:
        """Delete one item unless it changed; return the outcome. Raises TableUnavailable, Interrupted."""
        key = {KEY: listed[KEY]}
        request = {"TableName": self._client.table, "Key": key, **self._condition.request(listed.get(VERSION))}
        self._limiter.reserve(_EXPECTED_UNITS)
        try:
            response = self._client.send_until_accepted("DeleteItem", encode(request))
        except ConditionFailed as failed:
            self._limiter.settle(_EXPECTED_UNITS, b"")
            return CHANGED if failed.found else GONE
        self._limiter.settle(_EXPECTED_UNITS, response)
        return DELETED


class _Condition:
    """The condition that an item exists, still matches the filter, and has the version that the scan found."""

    def __init__(self, filter_text: str) -> None:
        """Compile the filter. Raises BadParameter, UsageError."""
        # In brackets, because it may be joined by OR. First without them: the position in an error must be right.
        compile_filter(filter_text, Placeholders())
        placeholders = Placeholders()
        matches = compile_filter(f"({filter_text})", placeholders)
        exists = f"attribute_exists({placeholders.path((KEY,))})"
        version = placeholders.path((VERSION,))
        self._with_version = f"{exists} AND {version} = :version AND {matches}"
        self._without_version = f"{exists} AND attribute_not_exists({version}) AND {matches}"
        self._placeholders = placeholders.parameters()
        if len(self._without_version) > MAX_EXPRESSION_BYTES:
            raise UsageError("The filter is too long for the condition of a delete: shorten it.")

    def request(self, version: dict[str, Any] | None) -> dict[str, Any]:
        """Return the parameters of DeleteItem for an item with this version attribute, or with none."""
        parameters = {
            "ConditionExpression": self._with_version if version else self._without_version,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ReturnConsumedCapacity": "TOTAL",
            **self._placeholders,
        }
        if version:
            values = {**self._placeholders.get("ExpressionAttributeValues", {}), ":version": version}
            parameters["ExpressionAttributeValues"] = values
        return parameters
