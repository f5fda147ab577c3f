"""Tell apart the kinds of JSON records that an import meets: plain items, DynamoDB's items, and what holds no items.

The names of members are those of AWS's documents:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
"""

import json
from collections.abc import Callable
from typing import Any

from picus_api.bulk.formats import DYNAMODB, JSON, RESPONSE_METADATA, Format
from picus_api.core.errors import InvalidJson
from picus_api.core.keys import KEY
from picus_api.core.values.attribute_values import AttributeMap

_CONTENT_TYPES: dict[str, type] = {
    **dict.fromkeys(("S", "N", "B"), str),
    **dict.fromkeys(("SS", "NS", "BS", "L"), list),
    **dict.fromkeys(("BOOL", "NULL"), bool),
    "M": dict,
}
_LOWER_CASE_TYPES = {tag.lower(): content for tag, content in _CONTENT_TYPES.items()}
_ITEMS_RESPONSE = {"Items", "Count", "ScannedCount", "LastEvaluatedKey", "NextToken", *RESPONSE_METADATA}
_ITEM_RESPONSE = {"Item", *RESPONSE_METADATA}
_KEYS_RESPONSE = {"Responses", "UnprocessedKeys", *RESPONSE_METADATA}
_WRITE_REQUEST = {"PutRequest", "DeleteRequest"}


class UnknownRecord(InvalidJson):
    """A record that is not an item in a format that an import reads."""


def format_of_record(record: Any) -> Format:
    """Return PLAIN_JSON or DYNAMODB, by a record whose end may be missing. Raises UnknownRecord."""
    if not isinstance(record, dict):
        return PLAIN_JSON
    if _is_attribute_map(record.get("Item")) and record.keys() <= _ITEM_RESPONSE:
        return DYNAMODB
    if _is_attribute_map(record):
        if "S" in record.get(KEY, ()):
            return DYNAMODB
        raise UnknownRecord(
            f"The record looks like attribute values of DynamoDB, but has no {KEY}. Say what it is: --format dynamodb "
            "for attribute values, --format ndjson for plain JSON."
        )
    for matches, kind in _REFUSED:
        if matches(record):
            raise UnknownRecord(f"This is {kind}. If it is an item nevertheless, use --format ndjson.")
    return PLAIN_JSON


def is_items_response(record: Any) -> bool:
    """Return True for a response of Scan, Query or ExecuteStatement, whose end may be missing."""
    if not (isinstance(record, dict) and isinstance(record.get("Items"), list) and record.keys() <= _ITEMS_RESPONSE):
        return False
    # An empty list, or an empty item, is no item of a client either.
    items = record["Items"]
    return _has_counts(record) or all(_is_attribute_map(item) or item == {} for item in items)


def _has_counts(record: dict[str, Any]) -> bool:
    """Return True for a response of Scan or Query, with or without items."""
    return record.keys() >= {"Count", "ScannedCount"} and record.keys() <= _ITEMS_RESPONSE


def _is_attribute_map(value: Any, types: dict[str, type] = _CONTENT_TYPES) -> bool:
    """Return True for an object of attribute values. The content of lists and maps is not looked at."""
    if not isinstance(value, dict) or not value:
        return False
    return all(_is_attribute_value(member, types) for member in value.values())


def _is_attribute_value(value: Any, types: dict[str, type]) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    [(tag, content)] = value.items()
    return isinstance(content, types.get(tag, ()))


def _first(value: Any) -> dict[str, Any]:
    """Return the first element of an array of objects, or an empty object."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _is_change(record: dict[str, Any]) -> bool:
    return "Metadata" in record and _is_attribute_map(record.get("Keys"))


def _is_stream_record(record: dict[str, Any]) -> bool:
    return "eventName" in record and isinstance(record.get("dynamodb"), dict)


def _is_event(record: dict[str, Any]) -> bool:
    return bool(_first(record.get("Records")).keys() & {"dynamodb", "eventSource", "kinesis"})


def _is_keys_response(record: dict[str, Any]) -> bool:
    return isinstance(record.get("Responses"), dict | list) and record.keys() <= _KEYS_RESPONSE


def _is_write_request(record: dict[str, Any]) -> bool:
    tables = record["RequestItems"] if isinstance(record.get("RequestItems"), dict) else record
    if any(_first(requests).keys() & _WRITE_REQUEST for requests in tables.values()):
        return True
    return bool(record) and record.keys() <= _WRITE_REQUEST


def _is_manifest(record: dict[str, Any]) -> bool:
    return record.keys() >= {"itemCount", "dataFileS3Key"} or record.keys() >= {"exportArn", "manifestFilesS3Key"}


def _is_plain_response(record: dict[str, Any]) -> bool:
    item = record.get("Item")
    return isinstance(item, dict) and KEY in item and record.keys() <= _ITEM_RESPONSE


def _has_lower_case_types(record: dict[str, Any]) -> bool:
    return any(_is_attribute_map(value, _LOWER_CASE_TYPES) for value in (record, record.get("Item")))


def _holds_item(value: Any, depth: int = 4) -> bool:
    """Return True if an item of DynamoDB with a key is somewhere in an object or array."""
    if isinstance(value, list):
        return _holds_item(_first(value), depth - 1)
    if not isinstance(value, dict) or depth == 0:
        return False
    is_item = KEY in value and (_is_attribute_map(value) or _is_attribute_map(value, _LOWER_CASE_TYPES))
    return is_item or any(_holds_item(member, depth - 1) for member in value.values())


def _is_empty_response(record: dict[str, Any]) -> bool:
    return _has_counts(record) or (record.get("Item", True) in (None, {}) and record.keys() <= _ITEM_RESPONSE)


_REFUSED: tuple[tuple[Callable[[dict[str, Any]], bool], str], ...] = (
    (_is_change, "a record of an incremental export to S3: import a full export"),
    (_is_stream_record, "a stream record of DynamoDB, which is a change of an item"),
    (_is_event, "an event with stream records of DynamoDB, which are changes of items"),
    (_is_keys_response, "a response of BatchGetItem: take its items with jq -c '.Responses[][]'"),
    (_is_write_request, "a request of BatchWriteItem: take its items with jq -c '.. | .PutRequest? // empty'"),
    (_is_manifest, "the manifest of an export to S3: import the folder of the manifest"),
    (is_items_response, "a response of Scan or Query between other records: import it as a file"),
    (_is_empty_response, "a response of DynamoDB without items"),
    (_has_lower_case_types, 'an item with types in lower case ("s" for "S"), which is not DynamoDB\'s JSON'),
    (_is_plain_response, "a response of GetItem with plain values: take its item with jq -c .Item"),
    (_holds_item, "an object around an item of DynamoDB: take the item from it with jq"),
)


# Checks of every record, for files that change their format in the middle

_ALL_TYPES = frozenset(_CONTENT_TYPES) | frozenset(_LOWER_CASE_TYPES)
_ENVELOPES = _ITEMS_RESPONSE | _ITEM_RESPONSE | _KEYS_RESPONSE | _WRITE_REQUEST
_RARE_NAMES = frozenset(("Keys", "dynamodb", "RequestItems", "dataFileS3Key", "manifestFilesS3Key"))
_SUSPICIOUS_NAMES = _RARE_NAMES | _ENVELOPES


def _parse_plain(text: bytes) -> AttributeMap:
    """Return the item in a record of plain JSON. Raises BadRequest, UnknownRecord."""
    item = JSON.parse(text)
    if _may_be_dynamodb(item) and format_of_record(json.loads(text)) is DYNAMODB:
        raise UnknownRecord("The record is DynamoDB's JSON, but records before it are plain JSON.")
    return item


def _may_be_dynamodb(item: AttributeMap) -> bool:
    """Return False for nearly every plain item, in a small part of the time that its parsing takes."""
    if not _SUSPICIOUS_NAMES.isdisjoint(item) and (item.keys() <= _ENVELOPES or not _RARE_NAMES.isdisjoint(item)):
        return True
    for value in item.values():
        content = value.get("M")
        if content is None or len(content) != 1 or _ALL_TYPES.isdisjoint(content):
            return False
    return True


PLAIN_JSON = JSON._replace(parse=_parse_plain)
"""JSON without records of DynamoDB's formats, which would be imported as meaningless items."""
