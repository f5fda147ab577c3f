"""Checkpoints: files that record finished steps, so that an import or export can be resumed after any end.

A checkpoint file is a log that only grows: a JSON line that says which operation it belongs to, then one line per
finished step. A last line without a line end belongs to a step that was not recorded completely, and that is repeated.
A lock on the file keeps other processes away.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from picus_api.bulk.errors import BulkError, UsageError, file_problem

# The first bytes of every checkpoint file.
_START = b'{"operation": "'
_NOT_A_CHECKPOINT = "{} is not a checkpoint: name another file with --checkpoint."
_DAMAGED = "The checkpoint {} is damaged: start again with --restart."


class CheckpointFile:
    """An open and locked checkpoint file."""

    def __init__(self, path: Path, header: dict[str, Any], new: dict[str, Any], *, restart: bool) -> None:
        """Open the file, or create it.

        An existing file must have this ``header``. ``new`` is added to the header of a new file. ``restart``
        discards the recorded steps. Raises UsageError.
        """
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise UsageError(
                f"The checkpoint can't be written ({file_problem(error)}): name another file with --checkpoint."
            ) from error
        try:
            self._load(header, new, restart=restart)
        except BaseException:
            self.close()
            raise

    def _load(self, header: dict[str, Any], new: dict[str, Any], *, restart: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"Another process is using the checkpoint {self.path}.") from error
        lines = self._complete_lines()
        if restart:
            lines = []
        self.resumed = bool(lines)
        if not lines:
            lines = [json.dumps(header | new)]
            os.ftruncate(self._file, 0)
            self.append(lines[0])
            os.fsync(self._file)
        self.header = _checked_header(self.path, lines[0], header)
        self.steps = lines[1:]

    def append(self, line: str) -> None:
        """Record a finished step, by a single write."""
        os.write(self._file, f"{line}\n".encode())

    def close(self) -> None:
        """Close the file and keep it."""
        os.close(self._file)

    def delete(self) -> None:
        """Delete the file, because the operation is complete."""
        self.path.unlink(missing_ok=True)

    def _complete_lines(self) -> list[str]:
        content = self.path.read_bytes()
        # The check precedes every change: the operator may have named any file by mistake.
        if content and not content.startswith(_START):
            raise UsageError(_NOT_A_CHECKPOINT.format(self.path))
        complete = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(complete))
        return complete.decode(errors="replace").splitlines()


def _checked_header(path: Path, line: str, expected: dict[str, Any]) -> dict[str, Any]:
    """Return the header of a checkpoint file. Raises UsageError if the file belongs to another operation."""
    try:
        found = json.loads(line)
        different = [name for name, value in expected.items() if found[name] != value]
    except (ValueError, LookupError, TypeError) as error:
        raise UsageError(_NOT_A_CHECKPOINT.format(path)) from error
    if different:
        name = different[0]
        raise UsageError(
            f"The checkpoint {path} belongs to another run: its {name} is {found[name]!r}, not {expected[name]!r}. "
            "Use the same options as before, name another file with --checkpoint, or start again with --restart."
        )
    return dict(found)


class Checkpoint:
    """The progress of an operation: in a file, or in memory only."""

    def __init__(self, file: CheckpointFile | None) -> None:
        self._file = file

    @property
    def resumed(self) -> bool:
        """Return True if an earlier run recorded steps."""
        return self._file is not None and self._file.resumed

    def delete(self) -> None:
        """Delete the file, because the operation is complete."""
        if self._file:
            self._file.delete()

    def close(self) -> None:
        """Close the file and keep it for the next run."""
        if self._file:
            self._file.close()


class ImportCheckpoint(Checkpoint):
    """Which batches of an import are written, and the checksums of their text."""

    def __init__(self, file: CheckpointFile | None, import_id: str) -> None:
        self.import_id = import_id
        super().__init__(file)
        self._written: dict[int, int] = {}
        try:
            for step in file.steps if file else ():
                number, checksum = step.split()
                self._written[int(number)] = int(checksum, 16)
        except ValueError as error:
            raise UsageError(_DAMAGED.format(file and file.path)) from error

    @classmethod
    def open(cls, path: Path | None, header: dict[str, Any], *, restart: bool) -> "ImportCheckpoint":
        """Open a checkpoint file, or an in-memory checkpoint if ``path`` is None. Raises UsageError."""
        import_id = os.urandom(16).hex()
        if path is None:
            return cls(None, import_id)
        file = CheckpointFile(path, {"operation": "import", **header}, {"id": import_id}, restart=restart)
        return cls(file, file.header["id"])

    def take_written(self, number: int, checksum: int) -> bool:
        """Return True if an earlier run wrote the batch. Raises BulkError if its text was different then."""
        found = self._written.pop(number, None)
        if found is not None and found != checksum:
            raise BulkError("The text has changed since it was imported: start again with --restart.")
        return found is not None

    def check_all_taken(self) -> None:
        """Raise BulkError if the files no longer have all batches that earlier runs wrote."""
        if self._written:
            raise BulkError("The files lack records that were imported before: start again with --restart.")

    def add(self, number: int, checksum: int) -> None:
        """Record that the batch is written."""
        if self._file:
            self._file.append(f"{number} {checksum:x}")


class DeleteCheckpoint(Checkpoint):
    """The number of items that matched a filter, and the outcomes of the deletes, by batches of items."""

    def __init__(self, file: CheckpointFile) -> None:
        super().__init__(file)
        self._log = file
        self.matched: int | None = None
        """The number of items that matched, or None until all of them are known."""
        self.tried: dict[int, int] = {}
        """By batch: how many of its items were tried, counted from the first."""
        self.outcomes: dict[str, int] = {}
        try:
            for step in file.steps:
                self._replay(json.loads(step))
        except (ValueError, TypeError, LookupError) as error:
            raise UsageError(_DAMAGED.format(file.path)) from error

    @classmethod
    def open(cls, path: Path, header: dict[str, Any], *, restart: bool) -> "DeleteCheckpoint":
        """Open a checkpoint file. Raises UsageError."""
        return cls(CheckpointFile(path, {"operation": "delete", **header}, {}, restart=restart))

    def add_matched(self, items: int) -> None:
        """Record that the list of matching items is complete."""
        self._record({"matched": items})

    def add(self, batch: int, outcomes: dict[str, int]) -> None:
        """Record the outcomes of further items of a batch."""
        self._record({"batch": batch, "outcomes": outcomes})

    def _record(self, step: dict[str, Any]) -> None:
        self._log.append(json.dumps(step))
        self._replay(step)

    def _replay(self, step: dict[str, Any]) -> None:
        if "matched" in step:
            self.matched = int(step["matched"])
            return
        batch = step["batch"]
        for outcome, items in step["outcomes"].items():
            self.tried[batch] = self.tried.get(batch, 0) + items
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + items


class ExportCheckpoint(Checkpoint):
    """The position of each segment of an export, and the size of the output up to which it is complete."""

    def __init__(self, file: CheckpointFile | None, segments: int) -> None:
        super().__init__(file)
        self.positions: dict[int, str | None] = {}
        """By segment: the key after which to go on, or None at its end. Segments without a page yet are missing."""
        self.offset = self.items = 0
        try:
            for step in file.steps if file else ():
                segment, self.offset, items, key = json.loads(step)
                self.positions[segment] = key
                self.items += items
        except (ValueError, TypeError) as error:
            raise UsageError(_DAMAGED.format(file and file.path)) from error
        self.segments: int = file.header["segments"] if file else segments

    @classmethod
    def open(cls, path: Path | None, header: dict[str, Any], segments: int, *, restart: bool) -> "ExportCheckpoint":
        """Open a checkpoint file, or an in-memory checkpoint if ``path`` is None. Raises UsageError."""
        if path is None:
            return cls(None, segments)
        file = CheckpointFile(path, {"operation": "export", **header}, {"segments": segments}, restart=restart)
        return cls(file, segments)

    def add(self, segment: int, offset: int, items: int, key: str | None) -> None:
        """Record that a page of ``items`` is in the output, which is now complete up to ``offset`` bytes."""
        if self._file:
            self._file.append(json.dumps([segment, offset, items, key]))
