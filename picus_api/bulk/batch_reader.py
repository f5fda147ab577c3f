"""Read input files as numbered batches of records, and convert records to rows for BatchWriteItem."""

import hashlib
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import NamedTuple

from picus_api.bulk.errors import BadRecord, DamagedData, MalformedText
from picus_api.bulk.format_detection import detect_format, has_first_record
from picus_api.bulk.formats import Format
from picus_api.bulk.input_files import InputFile, open_input
from picus_api.core.batch_write import BATCH_ITEMS, Row
from picus_api.core.errors import BadRequest, BadValue
from picus_api.core.keys import KEY, check_new_key
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import encode
from picus_api.core.values.version_attribute import remove_version, with_version

OnFile = Callable[[InputFile, Format], None]
"""Called before a file is read, with its format."""


class FileRecord(NamedTuple):
    """The text of a record and its origin. ``position``: how many bytes of all files were read when it was found."""

    file: InputFile
    format: Format
    line: int
    text: bytes
    position: int


class RecordBatch(NamedTuple):
    """Consecutive records. Every run over the same files makes the same batches with the same numbers.

    ``fault``: why the batch ends early, or None. An earlier record of the batch may be bad too.
    """

    number: int
    records: list[FileRecord]
    fault: BadRecord | None = None

    def checksum(self) -> int:
        """Return the CRC-32 of the text."""
        return zlib.crc32(b"".join(record.text for record in self.records))


def read_batches(files: Iterable[InputFile], chosen: Format | None, on_file: OnFile) -> Iterator[RecordBatch]:
    """Yield batches of BATCH_ITEMS records; the last one has fewer. After a fault no batch follows.

    ``chosen``: the format of the records in all files, or None to detect it for each file.
    """
    records = _read_records(files, chosen, on_file)
    for number in count():
        batch: list[FileRecord] = []
        try:
            for record in islice(records, BATCH_ITEMS):
                batch.append(record)
        except BadRecord as fault:
            yield RecordBatch(number, batch, fault)
            return
        if not batch:
            return
        yield RecordBatch(number, batch)


def _read_records(files: Iterable[InputFile], chosen: Format | None, on_file: OnFile) -> Iterator[FileRecord]:
    position = 0
    for file in files:
        found = 0
        with open_input(file) as stream:
            try:
                file_format = detect_format(stream.read_start(has_first_record), chosen)
                on_file(file, file_format)
                for record in file_format.read(stream.reader):
                    found += 1
                    yield FileRecord(file, file_format, record.line, record.text, position + stream.position())
            except MalformedText as error:
                raise BadRecord(file.name, error.line, str(error)) from error
            except DamagedData as error:
                raise BadRecord(file.name, 1, str(error)) from error
        if file.items not in (None, found):
            raise BadRecord(file.name, found, f"The file has {found} items, its manifest says {file.items}.")
        position += file.size


def to_row(record: FileRecord, new_key: Callable[[], str]) -> Row:
    """Return the row to write, with a new version, under the item's own key or a new one. Raises BadRecord."""
    try:
        item = record.format.parse(record.text)
        key = complete_key(item, new_key)
        remove_version(item)
    except BadRequest as error:
        pointer = f" (at {error.pointer})" if error.pointer else ""
        raise BadRecord(record.file.name, record.line, f"{error.message}{pointer}") from error
    return Row(key, encode(with_version(item)), f"{record.file.name}, line {record.line}")


def complete_key(item: AttributeMap, new_key: Callable[[], str]) -> str:
    """Add a new key to an item that has none, and return the item's key. Raises InvalidKey, BadValue."""
    if KEY not in item:
        item[KEY] = {"S": new_key()}
    key = item[KEY].get("S")
    if not isinstance(key, str):
        raise BadValue("The key must be a string.", KEY)
    check_new_key(key)
    return key


def key_for_record(import_id: str, number: int) -> str:
    """Return the key of a record that has none: a UUID that is the same in each run of an import.

    ``import_id`` is random, so the key can't be predicted. ``number`` counts all records of the import, from 0.
    """
    digest = hashlib.sha256(f"{import_id} {number}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
