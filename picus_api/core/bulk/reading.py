"""From sources to batches of rows that are ready to be written."""

import hashlib
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import NamedTuple

from picus_api.core import paths, versions
from picus_api.core.attributes import AttributeMap
from picus_api.core.bulk.batch_write import BATCH_ITEMS, Row
from picus_api.core.bulk.errors import BadRecord, BadStream
from picus_api.core.bulk.formats import Format, recognised
from picus_api.core.bulk.sources import Source, open_source
from picus_api.core.bulk.splitting import BadText
from picus_api.core.dynamodb.wire_json import encode
from picus_api.core.errors import BadValue
from picus_api.core.item_size import MAX_ITEM_BYTES, SAFE_JSON_BYTES, item_size
from picus_api.core.table import KEY, MAX_KEY_BYTES

_PEEKED = 4096

Announce = Callable[[Source, Format], None]


class Entry(NamedTuple):
    """A record, where it is, and how far into its sources (bytes of files) reading has come."""

    source: Source
    format: Format
    line: int
    text: bytes
    position: int


class Batch(NamedTuple):
    """So many consecutive records. Their number says which, in every run over the same sources."""

    number: int
    entries: list[Entry]
    fault: BadRecord | None = None
    """Why reading ended here, so that the batch isn't whole: the first fault to tell of, unless a record has one."""

    @property
    def checksum(self) -> int:
        """Of the text."""
        return zlib.crc32(self.text)

    @property
    def text(self) -> bytes:
        """All of it."""
        return b"".join(entry.text for entry in self.entries)


def read_batches(sources: Iterable[Source], chosen: Format | None, announce: Announce) -> Iterator[Batch]:
    """Whole batches, the last one with what is left, or up to a fault."""
    entries = _entries(sources, chosen, announce)
    for number in count():
        batch: list[Entry] = []
        try:
            for entry in islice(entries, BATCH_ITEMS):
                batch.append(entry)
        except BadRecord as fault:
            yield Batch(number, batch, fault)
            return
        if not batch:
            return
        yield Batch(number, batch)


def _entries(sources: Iterable[Source], chosen: Format | None, announce: Announce) -> Iterator[Entry]:
    before = 0
    for source in sources:
        found = 0
        with open_source(source) as stream:
            try:
                known = chosen or recognised(stream.reader.peek(_PEEKED)[:_PEEKED])
                announce(source, known)
                for record in known.split(stream.reader):
                    found += 1
                    yield Entry(source, known, record.line, record.text, before + stream.position())
            except BadText as error:
                raise BadRecord(source.name, error.line, str(error)) from error
            except BadStream as error:
                raise BadRecord(source.name, 1, str(error)) from error
        if source.items not in (None, found):
            raise BadRecord(source.name, found, f"The file has {found} items, its manifest says {source.items}.")
        before += source.size


def row_of(entry: Entry, assigned: Callable[[], str]) -> Row:
    """The row to write, under the item's own key or an assigned one, with a new version. Raises BadRecord."""
    try:
        attributes = entry.format.parse(entry.text)
        key = prepare(attributes, assigned)
    except BadValue as error:
        at = f" (at {error.pointer})" if error.pointer else ""
        raise BadRecord(entry.source.name, entry.line, f"{error.message}{at}") from error
    return Row(key, row_json(attributes), f"{entry.source.name}, line {entry.line}")


def row_json(attributes: AttributeMap) -> bytes:
    """A row as it is sent. Where only its version makes it too large for DynamoDB it goes without."""
    text = encode(attributes)
    if len(text) > SAFE_JSON_BYTES and item_size(attributes) > MAX_ITEM_BYTES:
        versions.hide_version(attributes)
        text = encode(attributes)
    return text


def prepare(attributes: AttributeMap, assigned: Callable[[], str]) -> str:
    """Complete an item to the row that Picus writes; its key. Raises BadValue."""
    if KEY not in attributes:
        attributes[KEY] = {"S": assigned()}
    key = _checked_key(attributes[KEY].get("S"))
    versions.hide_version(attributes)
    attributes.update(versions.stamped(attributes))
    return key


def _checked_key(key: object) -> str:
    if not isinstance(key, str):
        raise BadValue("The key must be a string.", KEY)
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise BadValue(f"The key must have 1 to {MAX_KEY_BYTES} bytes.", KEY)
    if paths.is_shadowed(key):
        raise BadValue(f"The key {key!r} is a path of the service: an item can't have it.", KEY)
    return key


def assigned_key(import_id: str, record: int) -> str:
    """The key of an item that brings none: random like any uuid4, and the same whenever this import is resumed."""
    digest = hashlib.sha256(f"{import_id} {record}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
