"""The formats of import and export: what a record looks like, and what it can hold.

``ndjson`` and ``json`` hold items as the HTTP API shows them; ``dynamodb`` is DynamoDB's own, of its exports to S3:
a line ``{"Item": {...}}`` of attribute values per item.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from picus_api.bulk.splitting import Record, split_array, split_lines
from picus_api.bulk.wire import check_attributes, unique_members
from picus_api.core.errors import BadRequest, InvalidJson, json_pointer
from picus_api.core.keys import KEY
from picus_api.core.values.attribute_values import AttributeMap, not_json_values
from picus_api.core.values.codec import encode
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.to_json import json_from_attributes, strict_json_from_attributes
from picus_api.core.values.version_attribute import remove_version


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
    remove_version(row)
    return row if next(iter(row)) == KEY else {KEY: row[KEY], **row}


def not_json_value(row: AttributeMap) -> tuple[str, str] | None:
    """Return the JSON Pointer and the type tag of the first value for which JSON has no type, or None."""
    return next(((json_pointer(path), tag) for path, tag in not_json_values(row)), None)


def _parse_json(text: bytes) -> AttributeMap:
    try:
        return attributes_from_json(text)
    except BadRequest as error:
        error.message = error.message.replace("The body", "The item", 1)
        raise


def _parse_dynamodb(text: bytes) -> AttributeMap:
    try:
        record: Any = json.loads(text, object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"The record is not valid JSON: {error}.") from error
    if not isinstance(record, dict) or set(record) != {"Item"}:
        raise InvalidJson('The record must be {"Item": {...}}, as in a full export to S3.')
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
