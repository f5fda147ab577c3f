"""The formats of import and export: how records are split, read and written, and what they can hold.

``ndjson`` and ``json`` hold items as the HTTP API shows them. ``csv`` is for spreadsheets, and is written only.
``dynamodb`` is the format of DynamoDB's exports to S3: a line ``{"Item": {...}}`` of attribute values for each item. It
is read without ``Item`` too, as the AWS CLI writes it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from picus_api.bulk.record_reader import RecordReader, read_array, read_lines
from picus_api.bulk.validation import check_attributes, unique_members
from picus_api.core.errors import BadRequest, InvalidJson
from picus_api.core.keys import KEY
from picus_api.core.query.columns import parse_columns
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import encode
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.to_csv import LINE_END, csv_header, csv_row
from picus_api.core.values.to_json import json_from_attributes, strict_json_from_attributes
from picus_api.core.values.version_attribute import remove_version

RESPONSE_METADATA = ("ConsumedCapacity", "ResponseMetadata", "$metadata")
"""Members that DynamoDB and its SDKs add to responses."""
_ITEM_MEMBERS = {"Item", *RESPONSE_METADATA}


class Format(NamedTuple):
    """A way to split, parse and write items. The writers may change the item that they are given."""

    name: str
    read: RecordReader
    parse: Callable[[bytes], AttributeMap]
    """Returns the item in a record. Raises BadRequest."""
    write: Callable[[AttributeMap], bytes]
    """Returns the record of an item, without its line end."""
    write_strictly: Callable[[AttributeMap], bytes]
    """Returns the record of an item, from which an equal item can be read. Raises NotJsonType."""
    is_array: bool
    """True if the records are the elements of one JSON array, False if they are lines."""
    head: bytes = b""
    """The text before the first record, with its line end."""
    line_end: bytes = b"\n"


def _key_first_without_version(item: AttributeMap) -> AttributeMap:
    remove_version(item)
    return item if next(iter(item)) == KEY else {KEY: item[KEY], **item}


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
    if not isinstance(record, dict):
        raise InvalidJson('The record must be {"Item": {...}}, or an object of attribute values.')
    item: AttributeMap = record["Item"] if "Item" in record and record.keys() <= _ITEM_MEMBERS else record
    check_attributes(item)
    return item


def _write_json(item: AttributeMap) -> bytes:
    return json_from_attributes(_key_first_without_version(item))


def _write_json_strictly(item: AttributeMap) -> bytes:
    return strict_json_from_attributes(_key_first_without_version(item))


def _write_dynamodb(item: AttributeMap) -> bytes:
    return encode({"Item": item})


def _refuse_csv(text: bytes) -> AttributeMap:
    raise InvalidJson("CSV can't be imported: it does not keep the types of values.")


def csv_format(fields: str) -> Format:
    """Return the format of CSV with these fields as columns, in their order. Raises BadParameter."""
    columns = parse_columns(fields)
    paths = tuple(columns.values())

    def write(item: AttributeMap) -> bytes:
        remove_version(item)
        return csv_row(paths, item)

    head = csv_header(columns)
    return Format(CSV, read_lines, _refuse_csv, write, write, is_array=False, head=head, line_end=LINE_END)


CSV = "csv"
NDJSON = Format("ndjson", read_lines, _parse_json, _write_json, _write_json_strictly, is_array=False)
JSON = Format("json", read_array, _parse_json, _write_json, _write_json_strictly, is_array=True)
DYNAMODB = Format("dynamodb", read_lines, _parse_dynamodb, _write_dynamodb, _write_dynamodb, is_array=False)
FORMATS = {known.name: known for known in (NDJSON, JSON, DYNAMODB)}
