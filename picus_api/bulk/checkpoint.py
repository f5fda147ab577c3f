"""Checkpoints: journals on disk of what is done, so that an import or export goes on after any end, kill -9 included.

A journal is a text file that only grows: a first line of JSON that says what it belongs to, then a line for each step
that is done. A last line without its end is a step that was being noted: it is done again. A lock on the file keeps a
second process away.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from picus_api.bulk.errors import BulkError, UsageError

# How every journal begins.
_START = b'{"operation": "'
_NONE = "{} is not a checkpoint: name another with --checkpoint."
_DAMAGED = "The checkpoint {} is damaged: begin anew with --restart."


class Journal:
    """One such file, open and locked."""

    def __init__(self, path: Path, header: dict[str, Any], fresh: dict[str, Any], *, restart: bool) -> None:
        """Open it, or begin it; ``fresh`` is what a new one notes beside its header. Raises UsageError."""
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise UsageError(f"The checkpoint can't be written ({error}): name another with --checkpoint.") from error
        try:
            self._begin(header, fresh, restart=restart)
        except BaseException:
            self.close()
            raise

    def _begin(self, header: dict[str, Any], fresh: dict[str, Any], *, restart: bool) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"Another process is using the checkpoint {self.path}.") from error
        lines = self._whole_lines()
        if restart:
            lines = []
        self.resumed = bool(lines)
        if not lines:
            lines = [json.dumps(header | fresh)]
            os.ftruncate(self._file, 0)
            self.note(lines[0])
            os.fsync(self._file)
        self.header = _header(self.path, lines[0], header)
        self.steps = lines[1:]

    def note(self, line: str) -> None:
        """One more step is done. In one write: whole, or without its end."""
        os.write(self._file, f"{line}\n".encode())

    def close(self) -> None:
        """Keep it for the next time."""
        os.close(self._file)

    def finish(self) -> None:
        """All is done: nothing is left to go on with."""
        self.path.unlink(missing_ok=True)

    def _whole_lines(self) -> list[str]:
        content = self.path.read_bytes()
        # Looked at before anything is changed: it may be any file that somebody named by mistake.
        if content and not content.startswith(_START):
            raise UsageError(_NONE.format(self.path))
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(whole))
        return whole.decode(errors="replace").splitlines()


def _header(path: Path, line: str, expected: dict[str, Any]) -> dict[str, Any]:
    """A journal's header. Raises UsageError when it belongs to something else."""
    try:
        found = json.loads(line)
        differing = [name for name, value in expected.items() if found[name] != value]
    except (ValueError, LookupError, TypeError) as error:
        raise UsageError(_NONE.format(path)) from error
    if differing:
        name = differing[0]
        raise UsageError(
            f"The checkpoint {path} belongs to another run: its {name} is {found[name]!r}, not {expected[name]!r}. "
            "Go on as you began, name another with --checkpoint, or begin anew with --restart."
        )
    return dict(found)


class Checkpoint:
    """How far an operation has come: in a journal, or kept nowhere."""

    def __init__(self, journal: Journal | None) -> None:
        self._journal = journal

    @property
    def resumed(self) -> bool:
        """Whether this goes on with an earlier run."""
        return self._journal is not None and self._journal.resumed

    def finish(self) -> None:
        """The operation is complete."""
        if self._journal:
            self._journal.finish()

    def close(self) -> None:
        """No more of it now."""
        if self._journal:
            self._journal.close()


class ImportCheckpoint(Checkpoint):
    """Which batches of an import are written, and what their text was."""

    def __init__(self, journal: Journal | None, import_id: str) -> None:
        self.import_id = import_id
        super().__init__(journal)
        self._done: dict[int, int] = {}
        try:
            for step in journal.steps if journal else ():
                number, checksum = step.split()
                self._done[int(number)] = int(checksum, 16)
        except ValueError as error:
            raise UsageError(_DAMAGED.format(journal and journal.path)) from error

    @classmethod
    def open(cls, path: Path | None, header: dict[str, Any], *, restart: bool) -> "ImportCheckpoint":
        """That of a file, or one that is kept nowhere."""
        import_id = os.urandom(16).hex()
        if path is None:
            return cls(None, import_id)
        journal = Journal(path, {"operation": "import", **header}, {"id": import_id}, restart=restart)
        return cls(journal, journal.header["id"])

    def has(self, number: int, checksum: int) -> bool:
        """Whether the batch is written. Raises BulkError when its text was another then."""
        found = self._done.pop(number, None)
        if found is not None and found != checksum:
            raise BulkError("What was imported from here has been changed since: begin anew with --restart.")
        return found is not None

    def check_all_found(self) -> None:
        """Raise BulkError unless all that was written was found again."""
        if self._done:
            raise BulkError("The files have lost records that were imported before: begin anew with --restart.")

    def mark(self, number: int, checksum: int) -> None:
        """The batch is written."""
        if self._journal:
            self._journal.note(f"{number} {checksum:x}")


class ExportCheckpoint(Checkpoint):
    """How far each segment of an export has come, and how much of the output is good."""

    def __init__(self, journal: Journal | None, segments: int) -> None:
        super().__init__(journal)
        self.positions: dict[int, str | None] = {}
        """By segment the key to go on after; None: it is at its end. Segments that are not begun are missing."""
        self.offset = self.items = 0
        try:
            for step in journal.steps if journal else ():
                segment, self.offset, items, key = json.loads(step)
                self.positions[segment] = key
                self.items += items
        except (ValueError, TypeError) as error:
            raise UsageError(_DAMAGED.format(journal and journal.path)) from error
        self.segments: int = journal.header["segments"] if journal else segments

    @classmethod
    def open(cls, path: Path | None, header: dict[str, Any], segments: int, *, restart: bool) -> "ExportCheckpoint":
        """That of a file, or one that is kept nowhere."""
        if path is None:
            return cls(None, segments)
        journal = Journal(path, {"operation": "export", **header}, {"segments": segments}, restart=restart)
        return cls(journal, segments)

    def mark(self, segment: int, offset: int, items: int, key: str | None) -> None:
        """So many items more are in the output, which is good up to the offset."""
        if self._journal:
            self._journal.note(json.dumps([segment, offset, items, key]))
