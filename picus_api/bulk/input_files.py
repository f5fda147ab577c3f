"""The files that an import reads: named files, standard input, and folders, such as DynamoDB's exports to S3."""

import io
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from picus_api.bulk.errors import DamagedData, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STDIN = "-"
_MANIFEST, _SUMMARY = "manifest-files.json", "manifest-summary.json"
_SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
_CHUNK_BYTES = 256 * 1024
_START_BYTES = 64 * 1024
"""How much of a file its format is detected by. Longer first records are cut there."""
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's value for a gzip header and any window size


class InputFile(NamedTuple):
    """A file, or standard input (no path). ``items``: how many items a manifest says the file has, or None."""

    name: str
    path: Path | None
    items: int | None = None

    @property
    def is_regular(self) -> bool:
        """Return True for a file on disk. Pipes, devices and files of /dev and /proc can't be read again by name."""
        return self.path is not None and self.path.is_file() and self.path.absolute().parts[1] not in ("dev", "proc")

    @property
    def size(self) -> int:
        """Return the bytes on disk; 0 for a pipe."""
        return self.path.stat().st_size if self.path else 0


class InputStream:
    """The decompressed bytes of a file, and how far the file was read."""

    def __init__(self, reader: "io.BufferedReader[Any]", file: "io.BufferedReader[Any]") -> None:
        """Take the reader of the decompressed bytes, and the file below it."""
        self.reader = reader
        self._file = file

    def position(self) -> int:
        """Return how many bytes of the file were read, or 0 for a pipe."""
        return self._file.tell() if self._file.seekable() else 0

    def read_start(self, is_enough: Callable[[bytes], bool]) -> bytes:
        """Return the first bytes, without a byte order mark. ``reader`` then begins after the mark.

        Reads _START_BYTES, or less if the file ends or if ``is_enough`` says so: a pipe may be slow.
        """
        start, damage = b"", None
        try:
            while len(start) < _START_BYTES and (piece := self.reader.read1(_START_BYTES)):
                start += piece
                if is_enough(start.removeprefix(BOM_UTF8)):
                    break
        except DamagedData as error:
            damage = error
        start = start.removeprefix(BOM_UTF8)
        self.reader = io.BufferedReader(_Prepended(start, self.reader, damage), _CHUNK_BYTES)
        return start


class _Prepended(io.RawIOBase):
    """Bytes that were read already, and the rest of their stream or the error that followed them."""

    def __init__(self, start: bytes, rest: "io.BufferedReader[Any]", damage: DamagedData | None) -> None:
        self._start = start
        self._rest = rest
        self._damage = damage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        if self._start:
            size = min(len(view), len(self._start))
            view[:size], self._start = self._start[:size], self._start[size:]
            return size
        if self._damage:
            raise self._damage
        return self._rest.readinto1(view)


def find_input_files(names: Iterable[str]) -> list[InputFile]:
    """Return the files in the order of their names on the command line.

    The files of a folder come in the order of its manifest, or by name. Raises UsageError.
    """
    files: list[InputFile] = []
    for name in names:
        path = Path(name)
        if name == STDIN:
            files.append(InputFile("standard input", None))
        elif path.is_dir():
            files += _files_of_folder(path)
        elif path.exists():
            files.append(InputFile(name, path))
        else:
            raise UsageError(f"There is no file {name}.")
    return files


def _files_of_folder(folder: Path) -> list[InputFile]:
    manifests = sorted(folder.rglob(_MANIFEST))
    if len(manifests) > 1:
        raise UsageError(f"{folder} has {len(manifests)} exports: name one, such as {manifests[0].parent}.")
    if manifests:
        return _files_of_export(manifests[0])
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().endswith(_SUFFIXES))
    if not paths:
        raise UsageError(f"{folder} has neither {_MANIFEST} nor files that end in {', '.join(_SUFFIXES)}.")
    return [InputFile(str(path), path) for path in paths]


def _files_of_export(manifest: Path) -> list[InputFile]:
    """Return the data files of an export to S3. Its manifest has their keys in the bucket.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    """
    try:
        entries = [json.loads(line) for line in manifest.read_text().splitlines() if line.strip()]
        files = [
            (manifest.parent / "data" / Path(entry["dataFileS3Key"]).name, int(entry["itemCount"])) for entry in entries
        ]
        _check_summary(manifest.with_name(_SUMMARY), sum(items for _, items in files))
    except (ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{manifest} is not the manifest of an export to S3.") from error
    if missing := [path for path, _ in files if not path.is_file()]:
        raise UsageError(
            f"The export is incomplete: {len(missing)} of {len(files)} files are missing, {missing[0]} first."
        )
    return [InputFile(str(path), path, items) for path, items in files]


def _check_summary(path: Path, items: int) -> None:
    summary = dict(json.loads(path.read_text())) if path.is_file() else {}
    if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise UsageError(f"This export is in {summary['outputFormat']}: export the table as DynamoDB JSON.")
    if summary.get("exportType", "FULL_EXPORT") != "FULL_EXPORT":
        raise UsageError("This export holds changes only: export the whole table.")
    # Without a summary, an empty manifest may be one that lost its lines.
    if summary.get("itemCount", items or None) != items:
        raise UsageError(f"The export's manifest names files of {items:,} items, and its summary another number.")


@contextmanager
def open_input(file: InputFile) -> Iterator[InputStream]:
    """Open the file, and decompress it if it starts like gzip."""
    raw = io.FileIO(str(file.path) if file.path else 0, closefd=file.path is not None)
    with io.BufferedReader(raw, _CHUNK_BYTES) as buffered:
        gzipped = buffered.peek(2).startswith(_GZIP_MAGIC)
        reader = io.BufferedReader(_GzipReader(buffered), _CHUNK_BYTES) if gzipped else buffered
        yield InputStream(reader, buffered)


class _GzipReader(io.RawIOBase):
    """Decompress gzip members one after the other, in bounded memory.

    Damaged data raises DamagedData, but only after everything before the damage was read. Python's own reader does not
    return that part.
    """

    def __init__(self, file: "io.BufferedReader[Any]") -> None:
        self._file = file
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        self._next_bytes = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            if self._inflater.eof and not self._next_member():
                return 0
            data = self._inflater.unconsumed_tail or self._next_bytes or self._file.read(_CHUNK_BYTES)
            self._next_bytes = b""
            try:
                piece = self._inflater.decompress(data, len(view))
            except zlib.error as error:
                raise DamagedData("The gzip data is damaged.") from error
            if piece:
                view[: len(piece)] = piece
                return len(piece)
            if not data and not self._inflater.eof:
                raise DamagedData("The gzip data ends in the middle.")

    def _next_member(self) -> bool:
        """Start the next member, and return False if only padding follows."""
        rest = self._inflater.unused_data.lstrip(b"\0")
        while not rest:
            piece = self._file.read(_CHUNK_BYTES)
            if not piece:
                return False
            rest = piece.lstrip(b"\0")
        self._inflater, self._next_bytes = zlib.decompressobj(_GZIP_WINDOW), rest
        return True
