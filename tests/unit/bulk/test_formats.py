"""The formats of import: how they are detected, and how their records are read and written."""

import gzip
import json
from base64 import b64encode

import pytest

from picus_api.bulk.formats import DYNAMODB, JSON, NDJSON
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.to_json import NotJsonType
from tests.unit.bulk.conftest import WriteFile, check, dynamodb_line, ndjson

ITEMS = [{"object_id": f"k{number}", "n": number, "deep": {"list": [number, "ü", None]}} for number in range(60)]
VERSION = {"picus_version": {"S": "v1:" + 32 * "0"}}


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ndjson", ndjson(ITEMS)),
        ("ndjson", "\n\n" + ndjson(ITEMS).replace("\n", "\r\n\r\n").rstrip()),
        ("json", json.dumps(ITEMS)),
        ("json", "\n " + json.dumps(ITEMS, indent=3) + "\n"),
        ("dynamodb", "".join(dynamodb_line(f"k{number}", number) for number in range(60))),
    ],
)
def test_format_is_detected_plain_and_gzipped(write_file: WriteFile, name: str, text: str, gzipped: bool) -> None:
    data = text.encode()
    # Two members and padding, as concatenated files have them.
    content = gzip.compress(data[:999]) + gzip.compress(data[999:]) + b"\0\0" if gzipped else data
    assert check(write_file("items", content)) == (60, [name])


def test_json_record_has_key_first_and_no_version() -> None:
    for write in (NDJSON.write, JSON.write, NDJSON.write_strictly, JSON.write_strictly):
        assert write({"a": {"N": "1.10"}, **VERSION, "object_id": {"S": "k"}}) == b'{"object_id":"k","a":1.10}'


def test_dynamodb_record_keeps_everything() -> None:
    item: AttributeMap = {
        "object_id": {"S": "k"},
        "set": {"SS": ["x"]},
        "raw": {"B": b64encode(b"\xff").decode()},
        **VERSION,
    }
    record = DYNAMODB.write_strictly(dict(item))
    assert json.loads(record) == {"Item": item}
    assert DYNAMODB.parse(record) == item


@pytest.mark.parametrize("value", [{"SS": ["x"]}, {"NS": ["1"]}, {"B": "AA=="}, {"BS": ["AA=="]}])
def test_json_is_strict_about_sets_and_binary(value: dict[str, object]) -> None:
    item: AttributeMap = {"object_id": {"S": "k"}, "a": {"L": [{"M": {"b": value}}]}}
    with pytest.raises(NotJsonType):
        NDJSON.write_strictly(dict(item))
    assert b'"a":[{"b":' in NDJSON.write(dict(item))
