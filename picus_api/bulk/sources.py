"""What an import reads: files, standard input, and folders of DynamoDB's exports to S3."""

import io
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from picus_api.bulk.errors import BadStream, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MANIFEST, SUMMARY = "manifest-files.json", "manifest-summary.json"
SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
STDIN = "-"

_CHUNK = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's word for "a gzip header, and any window"


class Source(NamedTuple):
    """A file, or standard input (no path), and how many items a manifest says it has."""

    name: str
    path: Path | None
    items: int | None = None

    @property
    def size(self) -> int:
        """In bytes, compressed or not; 0 where it can't be known."""
        return self.path.stat().st_size if self.path else 0


class Stream(NamedTuple):
    """The bytes of a source, decompressed, and the file below, whose position shows the progress."""

    reader: "io.BufferedReader[Any]"
    file: "io.BufferedReader[Any]"

    def position(self) -> int:
        """Bytes read of the file."""
        return self.file.tell() if self.file.seekable() else 0


def find_sources(names: Iterable[str]) -> list[Source]:
    """The sources in the order in which they were named; a folder's in the order of its manifest, or by name."""
    sources: list[Source] = []
    for name in names:
        path = Path(name)
        if name == STDIN:
            sources.append(Source("standard input", None))
        elif path.is_dir():
            sources += _in_folder(path)
        elif path.exists():
            sources.append(Source(name, path))
        else:
            raise UsageError(f"There is no file {name}.")
    return sources


def _in_folder(folder: Path) -> list[Source]:
    manifests = sorted(folder.rglob(MANIFEST))
    if len(manifests) > 1:
        raise UsageError(f"{folder} has {len(manifests)} exports: name one, such as {manifests[0].parent}.")
    if manifests:
        return _exported(manifests[0])
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name.endswith(SUFFIXES))
    if not paths:
        raise UsageError(f"{folder} has neither {MANIFEST} nor files that end in {', '.join(SUFFIXES)}.")
    return [Source(str(path), path) for path in paths]


def _exported(manifest: Path) -> list[Source]:
    """The data files of an export to S3, which its manifest names by their keys in the bucket.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
    """
    try:
        entries = [json.loads(line) for line in manifest.read_text().splitlines() if line.strip()]
        named = [
            (manifest.parent / "data" / Path(entry["dataFileS3Key"]).name, int(entry["itemCount"])) for entry in entries
        ]
        _check_summary(manifest.with_name(SUMMARY), sum(count for _, count in named))
    except (ValueError, LookupError, TypeError) as error:
        raise UsageError(f"{manifest} is not the manifest of an export to S3.") from error
    if missing := [path for path, _ in named if not path.is_file()]:
        raise UsageError(
            f"The export is incomplete: {len(missing)} of {len(named)} files are missing, {missing[0]} first."
        )
    return [Source(str(path), path, count) for path, count in named]


def _check_summary(path: Path, items: int) -> None:
    summary = dict(json.loads(path.read_text())) if path.is_file() else {}
    if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise UsageError(f"This export is in {summary['outputFormat']}: export the table as DynamoDB JSON.")
    if summary.get("exportType", "FULL_EXPORT") != "FULL_EXPORT":
        raise UsageError("This export holds changes only: export the whole table.")
    # Without a summary an empty manifest may as well be one that lost its lines.
    if summary.get("itemCount", items or None) != items:
        raise UsageError(f"The export's manifest names files of {items:,} items, which is not what its summary says.")


@contextmanager
def open_source(source: Source) -> Iterator[Stream]:
    """A source's bytes; gzip is recognised by its first bytes."""
    raw = io.FileIO(str(source.path) if source.path else 0, closefd=source.path is not None)
    with io.BufferedReader(raw, _CHUNK) as file:
        zipped = file.peek(2).startswith(_GZIP_MAGIC)
        yield Stream(io.BufferedReader(_Unzipped(file), _CHUNK) if zipped else file, file)


class _Unzipped(io.RawIOBase):
    """Gzip, member after member. Memory stays bounded, whatever it unpacks to, and all is read up to a fault."""

    def __init__(self, file: "io.BufferedReader[Any]") -> None:
        self._file = file
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            if self._inflater.eof and not self._next_member():
                return 0
            data = self._inflater.unconsumed_tail or self._pending or self._file.read(_CHUNK)
            self._pending = b""
            try:
                piece = self._inflater.decompress(data, len(view))
            except zlib.error as error:
                raise BadStream("The gzip data is damaged.") from error
            if piece:
                view[: len(piece)] = piece
                return len(piece)
            if not data and not self._inflater.eof:
                raise BadStream("The gzip data ends in the middle.")

    def _next_member(self) -> bool:
        """Go on with what follows a member, if anything but padding does."""
        rest = self._inflater.unused_data.lstrip(b"\0")
        while not rest:
            piece = self._file.read(_CHUNK)
            if not piece:
                return False
            rest = piece.lstrip(b"\0")
        self._inflater, self._pending = zlib.decompressobj(_GZIP_WINDOW), rest
        return True
