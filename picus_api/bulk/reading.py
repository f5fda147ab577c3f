"""From sources to batches of rows that are ready to be written."""

import hashlib
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import NamedTuple

from picus_api.bulk.errors import BadRecord, BadStream
from picus_api.bulk.formats import Format, recognised
from picus_api.bulk.sources import Source, open_source
from picus_api.bulk.splitting import BadText
from picus_api.core.batch_write import BATCH_ITEMS, Row
from picus_api.core.errors import BadRequest, BadValue
from picus_api.core.keys import KEY, check_new_key
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import encode
from picus_api.core.values.version_attribute import remove_version, with_version

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
        key = complete_key(attributes, assigned)
        remove_version(attributes)
    except BadRequest as error:
        at = f" (at {error.pointer})" if error.pointer else ""
        raise BadRecord(entry.source.name, entry.line, f"{error.message}{at}") from error
    return Row(key, encode(with_version(attributes)), f"{entry.source.name}, line {entry.line}")


def complete_key(attributes: AttributeMap, new_key: Callable[[], str]) -> str:
    """Add a new key to an item that has none, and return the key. Raises InvalidKey, BadValue."""
    if KEY not in attributes:
        attributes[KEY] = {"S": new_key()}
    key = attributes[KEY].get("S")
    if not isinstance(key, str):
        raise BadValue("The key must be a string.", KEY)
    check_new_key(key)
    return key


def assigned_key(import_id: str, record: int) -> str:
    """The key of an item that brings none: random like any uuid4, and the same whenever this import is resumed."""
    digest = hashlib.sha256(f"{import_id} {record}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
