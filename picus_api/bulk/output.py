"""Where an export goes: a file that gets its name when it is complete, or standard output."""

import fcntl
import gzip
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.bulk.formats import Format

_LEVEL = 6


class Output:
    """Whole pages of records, one after the other. Each is a gzip member of its own, so that any end of one is good."""

    def __init__(self, path: Path | None, kind: Format, *, zipped: bool) -> None:
        self._path = path
        self._kind = kind
        self._zipped = zipped
        self._file: BinaryIO = sys.stdout.buffer
        self.offset = 0
        self._begun = self._opened = False

    @property
    def part(self) -> Path | None:
        """The file while it is incomplete."""
        return self._path.with_name(self._path.name + ".part") if self._path else None

    def open(self, offset: int) -> None:
        """Begin, or go on at an offset up to which the output is good. Raises BulkError."""
        if self.part:
            try:
                file = os.open(self.part, os.O_WRONLY | os.O_CREAT, 0o666)
            except OSError as error:
                raise UsageError(f"The output can't be written: {error}.") from error
            self._file = os.fdopen(file, "wb", 0)
            self._opened = True
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(f"Another process is writing {self.part}.") from error
            if os.fstat(file).st_size < offset:
                raise BulkError(f"{self.part} is shorter than its checkpoint says: begin anew with --restart.")
            os.ftruncate(file, offset)
            self._file.seek(offset)
        self.offset = offset
        self._begun = offset > 0

    def encoded(self, records: Sequence[bytes]) -> bytes:
        """Records as they will be written, but for what an array has before them: the slow part, for any thread."""
        text = b",\n".join(records) if self._kind.array else b"\n".join((*records, b""))
        return self._packed(text)

    def write(self, encoded: bytes) -> int:
        """Write what was encoded; the offset after it. One thread at a time."""
        if self._kind.array:
            self._put(self._packed(b",\n" if self._begun else b"[\n"))
        self._begun = True
        self._put(encoded)
        self._file.flush()
        return self.offset

    def finish(self) -> None:
        """Complete it, and give it its name."""
        if self._kind.array:
            self._put(self._packed(b"\n]\n" if self._begun else b"[]\n"))
        elif not self._begun and self._zipped:
            self._put(self._packed(b""))
        self._file.flush()
        if self._path and self.part:
            os.fsync(self._file.fileno())
            self.part.replace(self._path)

    def discard(self) -> None:
        """Nothing of it is of use."""
        if self.part:
            self.part.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the file as it is."""
        if self._opened:
            self._file.close()

    def _packed(self, text: bytes) -> bytes:
        return gzip.compress(text, _LEVEL, mtime=0) if self._zipped else text

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise BulkError(f"{self.part or 'Standard output'} can't be written: {error.strerror}.") from error
        self.offset += len(data)
