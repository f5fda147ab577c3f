"""The file that an export writes, or standard output. The file gets its name when it is complete."""

import fcntl
import gzip
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from picus_api.bulk.errors import BulkError, UsageError, file_problem
from picus_api.bulk.formats import Format

_GZIP_LEVEL = 6
PART_SUFFIX = ".part"


class ExportFile:
    """Writes pages of records. With gzip each page is a member (RFC 1952), so the file can be cut after any page."""

    def __init__(self, path: Path | None, file_format: Format, *, gzipped: bool) -> None:
        """Take the final path, or None for standard output. Nothing is opened yet."""
        self._path = path
        self._format = file_format
        self._gzipped = gzipped
        self._file: BinaryIO = sys.stdout.buffer
        self.offset = 0
        self._has_records = self._opened = False

    @property
    def partial_path(self) -> Path | None:
        """Return the path until the file is complete, or None for standard output."""
        return self._path.with_name(self._path.name + PART_SUFFIX) if self._path else None

    def open(self, offset: int) -> None:
        """Open the partial file, and discard what follows ``offset`` in it. Raises BulkError."""
        if self.partial_path:
            self._open(self.partial_path, offset)
        self.offset = offset
        self._has_records = offset > 0

    def _open(self, path: Path, offset: int) -> None:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        except OSError as error:
            raise UsageError(f"The output can't be written: {file_problem(error)}.") from error
        self._file = os.fdopen(file, "wb", 0)
        self._opened = True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"Another process is writing {path}.") from error
        if os.fstat(file).st_size < offset:
            raise BulkError(f"{path} is shorter than its checkpoint says: start again with --restart.")
        os.ftruncate(file, offset)
        self._file.seek(offset)

    def encode_page(self, records: Sequence[bytes]) -> bytes:
        """Return the bytes of a page for ``write``. This is the slow part; any thread may call it."""
        text = b",\n".join(records) if self._format.is_array else self._format.line_end.join((*records, b""))
        return self._compress(text)

    def write(self, page: bytes) -> int:
        """Write an encoded page, and return the offset after it. One thread at a time may call it."""
        if self._format.is_array:
            self._write_all(self._compress(b",\n" if self._has_records else b"[\n"))
        elif self._format.head and not self._has_records:
            self._write_all(self._compress(self._format.head))
        self._has_records = True
        self._write_all(page)
        self._file.flush()
        return self.offset

    def finish(self) -> None:
        """Write the end, and give the file its name."""
        if self._format.is_array:
            self._write_all(self._compress(b"\n]\n" if self._has_records else b"[]\n"))
        elif not self._has_records and (self._format.head or self._gzipped):
            self._write_all(self._compress(self._format.head))
        self._file.flush()
        if self._path and self.partial_path:
            os.fsync(self._file.fileno())
            self.partial_path.replace(self._path)

    def discard(self) -> None:
        """Delete the partial file."""
        if self.partial_path:
            self.partial_path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._opened:
            self._file.close()

    def _compress(self, text: bytes) -> bytes:
        return gzip.compress(text, _GZIP_LEVEL, mtime=0) if self._gzipped else text

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            name = self.partial_path or "Standard output"
            raise BulkError(f"{name} can't be written: {error.strerror}.") from error
        self.offset += len(data)
