"""The formats of import and export: what a record looks like, and what it can hold.

``ndjson`` and ``json`` hold items as the HTTP API shows them; ``dynamodb`` is DynamoDB's own, of its exports to S3:
a line ``{"Item": {...}}`` of attribute values per item.
"""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from picus_api.core import versions
from picus_api.core.attributes import AttributeMap, AttributeValue
from picus_api.core.bulk.splitting import Record, split_array, split_lines
from picus_api.core.bulk.wire import check_attributes, unique_members
from picus_api.core.dynamodb.wire_json import encode
from picus_api.core.errors import BadValue, json_pointer
from picus_api.core.from_json import attributes_from_json
from picus_api.core.table import KEY
from picus_api.core.to_json import json_from_attributes, strict_json_from_attributes

# Types that JSON has no word for.
FOREIGN = frozenset(("SS", "NS", "BS", "B"))

Path = tuple[str | int, ...]


class Format(NamedTuple):
    """How items are read and written."""

    name: str
    split: Callable[["io.BufferedReader[Any]"], Iterator[Record]]
    parse: Callable[[bytes], AttributeMap]
    """Raises BadValue."""
    write: Callable[[AttributeMap], bytes]
    """A record without its line end, of a row that nobody else holds."""
    write_strictly: Callable[[AttributeMap], bytes]
    """The same, of a row that comes back equal. Raises ForeignValue."""
    array: bool
    """Whether the records are the elements of one JSON array, and not lines."""


def _visible(row: AttributeMap) -> AttributeMap:
    """The item as clients see it: the key first, and without its version."""
    versions.hide_version(row)
    return row if next(iter(row)) == KEY else {KEY: row[KEY], **row}


def foreign_value(row: AttributeMap) -> tuple[str, str] | None:
    """The JSON Pointer and the type of the first value that JSON has no word for."""
    return next(((json_pointer(path), tag) for path, tag in _tags(row.items()) if tag in FOREIGN), None)


def _tags(values: Iterable[tuple[str | int, AttributeValue]], *path: str | int) -> Iterator[tuple[Path, str]]:
    for step, value in values:
        [(tag, content)] = value.items()
        yield (*path, step), tag
        if tag in "ML":
            yield from _tags(content.items() if tag == "M" else enumerate(content), *path, step)


def _parse_json(text: bytes) -> AttributeMap:
    try:
        return attributes_from_json(text)
    except BadValue as error:
        error.message = error.message.replace("The body", "The item", 1)
        raise


def _parse_dynamodb(text: bytes) -> AttributeMap:
    try:
        record: Any = json.loads(text, object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"The record is not valid JSON: {error}.", located=False) from error
    if not isinstance(record, dict) or set(record) != {"Item"}:
        raise BadValue('The record must be {"Item": {...}}, as in a full export to S3.', located=False)
    item: AttributeMap = record["Item"]
    check_attributes(item)
    return item


def _write_json(row: AttributeMap) -> bytes:
    return json_from_attributes(_visible(row))


def _write_json_strictly(row: AttributeMap) -> bytes:
    return strict_json_from_attributes(_visible(row))


def _write_dynamodb(row: AttributeMap) -> bytes:
    return encode({"Item": row})


NDJSON = Format("ndjson", split_lines, _parse_json, _write_json, _write_json_strictly, array=False)
JSON = Format("json", split_array, _parse_json, _write_json, _write_json_strictly, array=True)
DYNAMODB = Format("dynamodb", split_lines, _parse_dynamodb, _write_dynamodb, _write_dynamodb, array=False)
FORMATS = {known.name: known for known in (NDJSON, JSON, DYNAMODB)}

_DYNAMODB = re.compile(rb'\s*\{\s*"Item"\s*:\s*\{\s*"[^"]*"\s*:\s*\{\s*"(?:S|N|B|SS|NS|BS|M|L|BOOL|NULL)"\s*:')


def recognised(start: bytes) -> Format:
    """The format of a text that starts so."""
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return JSON
    return DYNAMODB if _DYNAMODB.match(start) else NDJSON
