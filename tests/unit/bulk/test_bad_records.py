"""Records that can't be imported: the error names the file, the line and the value."""

import gzip
import json
import re
from collections.abc import Callable

import pytest

from picus_api.bulk.errors import BadRecord
from tests.unit.bulk.conftest import WriteFile, check, ndjson

ROW = '{"Item":{"object_id":{"S":"1"}}}\n'


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a":1}\n{"a":2}\n{"a":\n{"a":4}\n{"a":5}\n', 3, "not valid JSON"),
        ('{"a":1}\n\n[1]\n', 3, "must be a JSON object, not an array"),
        ('{"a":1}\n{"b":[1e300]}\n', 2, "too large: DynamoDB holds magnitudes below 1e126. (at /b/0)"),
        ('{"a":1}\n{"a":1,"a":2}\n', 2, "The object has the same name twice. (at /a)"),
        ('{"object_id":"list"}\n', 1, "path of the service"),
        ('{"object_id":{"a":1}}\n', 1, "must be a string. (at /object_id)"),
        ('{"object_id":""}\n', 1, "The key is empty."),
        ('{"object_id":"' + 2049 * "k" + '"}\n', 1, "longer than the 2048 bytes"),
        ('[{"a":1},\n 2]', 2, "must be a JSON object"),
        ('[{"a":1}\n {"a":1}]', 2, "needs a comma"),
        ('[{"a":1},\n]', 2, "comma before its end"),
        ('[{"a":1},\n{"a":[}]}]', 2, "not valid JSON"),
        ('[{"a":1}]\n{"a":2}', 2, "text after the end"),
        ('[{"a":1},\n{"b":"x', 2, "its ] is missing"),
        ("[", 1, "its ] is missing"),
        (ROW + '{"Item":{"a":{"N":1}}}', 2, "must be a string. (at /a)"),
        (ROW + '{"Item":{"a":{"NS":["1","x"]}}}', 2, "(at /a/1)"),
        (ROW + '{"Item":{"a":{"B":"%"}}}', 2, "base64. (at /a)"),
        (ROW + '{"Item":{"a":{"M":{"b":7}}}}', 2, "(at /a/b)"),
        (ROW + '{"Item":{"a":{"BOOL":1}}}', 2, "true or false"),
        (ROW + '{"Item":{"a":{"L":{}}}}', 2, "an array. (at /a)"),
        (ROW + '{"Item":{"a":{"S":"\\ud800"}}}', 2, "surrogate"),
        (ROW + '{"Item":{"a":{"SS":["x","x"]}}}', 2, "each of them once. (at /a)"),
        (ROW + '{"Item":{"a":{"NS":["1","1.0"]}}}', 2, "each of them once. (at /a)"),
        (ROW + '{"Item":{"a":{"BS":[]}}}', 2, "must have elements"),
        (ROW + '{"Item":{"a":{"NULL":false}}}', 2, "must be true. (at /a)"),
        (ROW + '{"Item":{"a":{"M":{"":{"S":""}}}}}', 2, "not be empty. (at /a/)"),
        (ROW + '{"Item":{"a":{"S":"1"},"a":{"S":"2"}}}', 2, "The object has the same name twice"),
        (ROW + '{"Item":{"a":' + '{"L":[' * 32 + "]}" * 32 + "}}", 2, "deeper than the 32 levels"),
        (ROW + '{"Item":', 2, "not valid JSON"),
        (ROW + '{"Keys":{}}', 2, "must be an attribute value: an object with one type, such as"),
        (ROW + "[1]", 2, 'must be {"Item": {...}}, or an object of attribute values'),
    ],
)
def test_error_names_file_line_and_value(write_file: WriteFile, text: str, line: int, message: str) -> None:
    path = write_file("bad", text)
    with pytest.raises(BadRecord, match=re.escape(f"{path}, line {line}: ")) as error:
        check(path)
    assert message in str(error.value)


def _flip_checksum(data: bytes) -> bytes:
    return data[:-6] + bytes([data[-6] ^ 1]) + data[-5:]


@pytest.mark.parametrize(
    ("damage", "message"),
    [(_flip_checksum, "is damaged"), (lambda data: data[:-1], "ends in the middle"), (lambda data: data[:12], "ends")],
)
def test_damaged_gzip_is_an_error(write_file: WriteFile, damage: Callable[[bytes], bytes], message: str) -> None:
    path = write_file("items.gz", damage(gzip.compress(ndjson({"n": n} for n in range(120)).encode())))
    with pytest.raises(BadRecord, match=f"The gzip data {message}"):
        check(path)


@pytest.mark.parametrize("separator", ["", "\n"])
def test_long_record_is_refused(write_file: WriteFile, separator: str) -> None:
    long = json.dumps({"a": "x" * 2**22})
    for text in (long + separator, f"[{separator}{long}]"):
        with pytest.raises(BadRecord, match="The record is longer than 4,194,304 bytes"):
            check(write_file("items", text))


def test_array_may_have_objects_of_many_chunks(write_file: WriteFile) -> None:
    items = [{"text": '\\"}]' * 50_000, "n": n} for n in range(5)]
    assert check(write_file("items.json", json.dumps(items))) == (5, ["json"])
