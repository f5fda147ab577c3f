"""Which files an import reads, and which it refuses by name."""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from picus_api.bulk.errors import BadRecord
from picus_api.bulk.format_detection import has_first_record
from picus_api.bulk.formats import DYNAMODB, NDJSON
from picus_api.bulk.importer import ImportOptions, check_files
from picus_api.bulk.input_files import InputStream, find_input_files
from tests.unit.bulk.conftest import WriteFile, check, ndjson, read_items

ROW = {"object_id": {"S": "s1"}, "n": {"N": "1.10"}, "tags": {"SS": ["x"]}}
ROWS = [{"object_id": {"S": f"s{n}"}, "n": {"N": f"{n}"}} for n in range(30)]
SCAN = {"Items": ROWS, "Count": 30, "ScannedCount": 30, "ConsumedCapacity": None}
ITEM = {"object_id": "k", "a": {"b": [1, "]}"]}}
KEYS = [f"s{n}" for n in range(30)]
PLAIN_ITEMS = [{"object_id": key} for key in KEYS]


def stream_record(image: dict[str, Any]) -> dict[str, Any]:
    return {"eventID": "1", "eventName": "INSERT", "dynamodb": {"Keys": {"object_id": image["object_id"]}}}


INCREMENTAL = {"Metadata": {"WriteTimestampMicros": {"N": "1"}}, "Keys": {"object_id": {"S": "s"}}, "NewImage": ROW}
FILES_MANIFEST = {"itemCount": 8, "md5Checksum": "x", "etag": "x", "dataFileS3Key": "AWSDynamoDB/01/data/a.json.gz"}
SUMMARY = {"version": "2020-06-30", "exportArn": "arn:x", "manifestFilesS3Key": "AWSDynamoDB/01/manifest-files.json"}
LOWER_CASE = {"object_id": {"s": "k"}, "ok": {"bool": True}}


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "document",
    [
        SCAN,
        {"ScannedCount": 30, "Count": 30, "Items": ROWS, "LastEvaluatedKey": {"object_id": {"S": "s29"}}},
        {"Items": ROWS, "NextToken": "t"},
        {"ResponseMetadata": {"HTTPHeaders": {"a": "Items"}}, "Items": ROWS},
        ROWS,
        [{"Item": row} for row in ROWS],
    ],
    ids=["scan", "page", "partiql", "metadata first", "array", "array of Item"],
)
def test_output_of_the_aws_cli_is_read(write_file: WriteFile, document: Any, indent: int | None, compress: Any) -> None:
    path = write_file("scan.json", compress(json.dumps(document, indent=indent).encode()))
    items, name = read_items(path)
    assert (items, name) == (ROWS, "dynamodb")


@pytest.mark.parametrize("member", ["Item", None])
@pytest.mark.parametrize("indent", [None, 2])
def test_attribute_values_are_read_with_and_without_item(
    write_file: WriteFile, member: str | None, indent: int | None
) -> None:
    text = "\n".join(json.dumps({member: row} if member else row, indent=indent) for row in [ROW, *ROWS])
    assert read_items(write_file("rows", text)) == ([ROW, *ROWS], "dynamodb")


def test_get_item_response_is_read(write_file: WriteFile) -> None:
    path = write_file("item.json", json.dumps({"Item": ROW, "ConsumedCapacity": {"CapacityUnits": 1}}, indent=4))
    assert read_items(path) == ([ROW], "dynamodb")


def test_pages_of_a_scan_are_read_one_after_the_other(write_file: WriteFile) -> None:
    for separator in ("", "\n", "\n\n"):
        pages = [json.dumps({"Items": [row], "Count": 1, "ScannedCount": 9}, indent=2) for row in ROWS]
        assert read_items(write_file("pages", separator.join(pages))) == (ROWS, "dynamodb")


def test_response_with_plain_items_is_read(write_file: WriteFile) -> None:
    response = {"Items": PLAIN_ITEMS, "Count": 30, "ScannedCount": 30}
    items, name = read_items(write_file("scan.json", json.dumps(response)))
    assert [item["object_id"]["S"] for item in items] == KEYS
    assert name == "json"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        (json.dumps(ITEM, indent=2), "json"),
        (json.dumps(ITEM), "ndjson"),
        (json.dumps([ITEM]), "json"),
        (json.dumps(ITEM, indent=2) + "\n" + json.dumps(ITEM, indent=2), "json"),
        (json.dumps(ITEM) + json.dumps(ITEM), "json"),
        (json.dumps(ITEM) + " \t\r\n" + json.dumps(ITEM), "ndjson"),
    ],
)
def test_objects_and_arrays_are_read_with_byte_order_mark(
    write_file: WriteFile, mark: bytes, text: str, name: str
) -> None:
    items, found = read_items(write_file("x.json", mark + text.encode()))
    assert found == name
    assert items == [{"object_id": {"S": "k"}, "a": {"M": {"b": {"L": [{"N": "1"}, {"S": "]}"}]}}}}] * len(items)
    assert len(items) == text.count('"object_id"')


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf", b"[]", b" [ ] ", gzip.compress(b"")])
def test_empty_files_have_no_items(write_file: WriteFile, content: bytes) -> None:
    assert read_items(write_file("x", content))[0] == []
    assert read_items(write_file("x", json.dumps({"Items": [], "Count": 0, "ScannedCount": 0})))[0] == []


@pytest.mark.parametrize("layout", ["line", "indented", "array", "gzip", "after plain items"])
@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (INCREMENTAL, "a record of an incremental export"),
        ({**INCREMENTAL, "OldImage": ROW}, "a record of an incremental export"),
        (stream_record(ROW), "a stream record"),
        ({"Responses": {"picus_data": [ROW]}, "UnprocessedKeys": {}}, "a response of BatchGetItem"),
        ({"RequestItems": {"picus_data": [{"PutRequest": {"Item": ROW}}]}}, "a request of BatchWriteItem"),
        ({"PutRequest": {"Item": ROW}}, "a request of BatchWriteItem"),
        (FILES_MANIFEST, "the manifest of an export"),
        (SUMMARY, "the manifest of an export"),
        ({"Item": {"object_id": "k", "a": 1}}, "a response of GetItem with plain values"),
        (LOWER_CASE, "types in lower case"),
        ({"Item": LOWER_CASE}, "types in lower case"),
        ({"id": {"S": "x"}, "n": {"N": "1"}}, "no object_id. Say what it is: --format dynamodb"),
    ],
)
def test_records_of_other_kinds_are_refused(write_file: WriteFile, record: object, kind: str, layout: str) -> None:
    text, line = json.dumps(record), 1
    if layout == "indented":
        text = json.dumps(record, indent=1)
    elif layout == "array":
        text = f"[{text}]"
    elif layout == "after plain items":
        text, line = ndjson(PLAIN_ITEMS) + text, 31
    path = write_file("x", gzip.compress(text.encode()) if layout == "gzip" else text)
    with pytest.raises(BadRecord, match=f"/x, line {line}: (This is|The record)") as error:
        check(path)
    assert kind in str(error.value)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"Records": [{"eventSource": "aws:dynamodb", **stream_record(ROW)}]}, "an event with stream records"),
        ({"picus_data": [{"PutRequest": {"Item": ROW}}]}, "a request of BatchWriteItem"),
        ({"Attributes": ROW, "ConsumedCapacity": {}}, "an object around an item"),
        ({"items": [ROW], "count": 1}, "an object around an item"),
        ({"data": {"pages": [{"Items": [ROW]}]}}, "an object around an item"),
        ({"item": LOWER_CASE}, "an object around an item"),
    ],
)
def test_first_record_around_items_is_refused(write_file: WriteFile, record: object, kind: str) -> None:
    for text in (json.dumps(record), json.dumps(record, indent=4), json.dumps([record])):
        with pytest.raises(BadRecord, match=f"This is {kind}"):
            check(write_file("x", text))


@pytest.mark.parametrize(
    "item",
    [
        {"Items": [{"sku": "x"}]},
        {"Item": {"name": "x"}},
        {"Count": 1},
        {"Records": [{"artist": "x"}]},
        {"Responses": "none"},
        {"Keys": {"a": "b"}, "Metadata": 1},
        {"size": {"S": 10}, "a": {"N": "1"}},
        {"size": {"S": "x", "M": "y"}},
        {"eventName": "x", "dynamodb": "y"},
        {"PutRequest": 1, "name": "x"},
        {"s": "x"},
        {"size": {"s": 1}},
        {},
    ],
)
def test_items_that_resemble_other_kinds_are_read(write_file: WriteFile, item: dict[str, object]) -> None:
    for text in (json.dumps(item), json.dumps(item, indent=2), json.dumps([item]), ndjson([*PLAIN_ITEMS, item])):
        assert len(read_items(write_file("x", text))[0]) == (31 if text.count("\n") > 25 else 1)


def test_format_option_overrules_the_detection(write_file: WriteFile) -> None:
    path = write_file("x", json.dumps({"id": {"S": "x"}}, indent=1))
    assert read_items(path, NDJSON)[0] == [{"id": {"M": {"S": {"S": "x"}}}}]
    assert read_items(path, DYNAMODB)[0] == [{"id": {"S": "x"}}]
    scan = write_file("y", json.dumps({"Items": [{"id": {"S": "x"}}], "Count": 1, "ScannedCount": 1}))
    assert list(read_items(scan, NDJSON)[0][0]) == ["Items", "Count", "ScannedCount"]
    assert read_items(scan, DYNAMODB)[0] == [{"id": {"S": "x"}}]
    assert read_items(write_file("z", json.dumps(INCREMENTAL)), NDJSON)[0][0]["NewImage"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"object_id,name\n1,x\n", "not JSON. An import reads NDJSON, JSON and DynamoDB's JSON"),
        (b"name;x\r\n", "not JSON"),
        (b"1,2\n3,4\n", "not JSON"),
        (b'"id","name"\n', "not JSON"),
        (b"- object_id: k\n  a: 1\n", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\x00\x01", "not JSON"),
        (gzip.compress(gzip.compress(b"{}")), "compressed by gzip twice"),
        (gzip.compress(b"a,b"), "not JSON"),
        (bz2.compress(b"{}"), "compressed by bzip2"),
        (lzma.compress(b"{}"), "compressed by xz"),
        (b"\x28\xb5\x2f\xfd\x00", "compressed by zstd"),
        (b"PK\x03\x04\x00", "a zip archive"),
        (b"PAR1\x00", "a Parquet file"),
        (b"$ion_1_0 {Item:{}}", "Amazon Ion"),
        (b"\xe0\x01\x00\xea\xee", "Amazon Ion"),
        ('{"a":1}'.encode("utf-16"), "UTF-16 text: convert it to UTF-8"),
        ('{"a":1}'.encode("utf-16-be"), "not JSON"),
    ],
)
def test_files_that_are_not_json_are_refused(write_file: WriteFile, content: bytes, kind: str) -> None:
    with pytest.raises(BadRecord, match=re.escape(f"/x, line 1: The file is {kind}")):
        check(write_file("x", content))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"Item":{}}', 1, "a response of DynamoDB without items"),
        ('{"Item":null}', 1, "a response of DynamoDB without items"),
        ('{"Count":0,"ScannedCount":0}', 1, "a response of DynamoDB without items"),
        ("1\n2\n", 1, "must be a JSON object, not a number"),
        ('"a"\n"b"\n', 1, "must be a JSON object, not a string"),
        ("\n\nnull\n", 3, "must be a JSON object, not null"),
        ("[1, 2]", 1, "Every element of the array must be a JSON object."),
        ("[[{}]]", 1, "Every element of the array must be a JSON object."),
        ('{"a": 1}\n[{"a": 2}]\n', 2, "must be a JSON object, not an array"),
        ('[{"a": 1}]\n{"a": 2}\n', 2, "text after the end of the array"),
        (f'{json.dumps({"Item": ROW})}\n{{"a": 1}}\n', 2, "(at /a)"),
        (f'{{"a": 1}}\n{json.dumps({"Item": ROW})}\n', 2, "DynamoDB's JSON, but records before it are plain JSON"),
        (f'{{"a": 1}}\n{json.dumps(ROW)}\n', 2, "DynamoDB's JSON, but records before it are plain JSON"),
        (f'{{"a": 1}}\n{json.dumps(SCAN)}\n', 2, "a response of Scan or Query between other records"),
        (f"{json.dumps(SCAN)}\n{json.dumps(ROW)}\n", 2, "The response has no member Items"),
        (f"{json.dumps(ITEM, indent=1)}\n[]", 10, "A JSON object is expected here."),
        ('{"a":\n1,\n"b": oops}\n', 1, "not valid JSON"),
        ('{"a": 1}\n{"a":\n', 2, "not valid JSON"),
        ('{"a":\n1', 1, "The object ends in the middle: its } is missing."),
        (json.dumps(SCAN)[:-200], 1, "The response ends in the middle."),
        (json.dumps(SCAN, indent=1).replace("null", "}"), 246, "A JSON value is expected here."),
    ],
)
def test_mixed_and_cut_files_are_refused(write_file: WriteFile, text: str, line: int, message: str) -> None:
    with pytest.raises(BadRecord, match=re.escape(f"line {line}: ")) as error:
        check(write_file("x", text))
    assert message in str(error.value)


def test_response_with_empty_list_has_no_items(write_file: WriteFile) -> None:
    assert check(write_file("x", '{"Items":[]}'))[0] == 0


def test_start_of_a_long_record_is_enough(write_file: WriteFile) -> None:
    row = {"object_id": {"S": "k"}, "list": {"L": [{"S": "x" * 100}] * 2000}}
    for document in (row, {"Item": row}, [row], {"Items": [row, row], "Count": 2, "ScannedCount": 2}):
        for indent in (None, 4):
            items, name = read_items(write_file("x", json.dumps(document, indent=indent)))
            assert (items[0], name) == (row, "dynamodb")


class _Slow(io.RawIOBase):
    """Return one byte per read, and count them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = self.data[self.at : self.at + 1]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


def test_slow_pipe_is_read_up_to_its_first_record() -> None:
    slow = _Slow(b'{"a": 1}\n{"a": 2}\n')
    stream = InputStream(io.BufferedReader(slow), io.BufferedReader(slow))
    assert stream.read_start(has_first_record) == b'{"a": 1}\n'
    assert slow.at == 9
    assert list(stream.reader) == [b'{"a": 1}\n', b'{"a": 2}\n']


def test_named_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    data = gzip.compress(ndjson(PLAIN_ITEMS).encode())
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    options = ImportOptions(find_input_files([str(tmp_path / "pipe")]))
    assert check_files(options, lambda *_: None, lambda *_: None) == 30
    writer.join()
