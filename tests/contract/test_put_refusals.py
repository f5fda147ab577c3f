"""A body that DynamoDB can't hold is refused, and the response says where the fault is."""

import gzip

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error

NOT_AN_OBJECT = ["[]", '[{"a": 1}]', '"text"', "1", "1.5", "null", "true", "false", '""', "0"]
NOT_JSON = {
    "nothing": b"",
    "white space": b" \r\n\t ",
    "a brace": b"{",
    "cut in a string": b'{"a": "b',
    "cut in a name": b'{"a',
    "cut after the colon": b'{"a":',
    "cut in a list": b'{"a": [1, 2',
    "cut in an escape": b'{"a": "\\u12',
    "cut in a literal": b'{"a": tru',
    "garbage behind": b'{"a": 1} x',
    "two objects": b'{"a": 1}{"b": 2}',
    "a list behind": b'{"a": 1}[]',
    "U+0000 behind": b'{"a": 1}\x00',
    "a comma too many": b'{"a": 1,}',
    "a comma too many in a list": b'{"a": [1,]}',
    "a comma missing": b'{"a": 1 "b": 2}',
    "a colon missing": b'{"a" 1}',
    "single quotes": b"{'a': 1}",
    "no quotes": b"{a: 1}",
    "a comment": b'{"a": 1 /* one */}',
    "a name that is a number": b"{1: 1}",
    "Python's True": b'{"a": True}',
    "undefined": b'{"a": undefined}',
    "leading zero": b'{"a": 01}',
    "minus alone": b'{"a": -}',
    "plus": b'{"a": +1}',
    "no digit before the point": b'{"a": .5}',
    "no digit behind the point": b'{"a": 1.}',
    "no digit in the exponent": b'{"a": 1e}',
    "hexadecimal": b'{"a": 0x10}',
    "underscore": b'{"a": 1_000}',
    "digits that are not ASCII": '{"a": 1٢}'.encode(),
    "full-width digits": '{"a": １}'.encode(),
    "unknown escape": b'{"a": "\\x41"}',
    "a control character": b'{"a": "\x01"}',
    "a line break in a string": b'{"a": "b\nc"}',
    "no-break space outside": '{"a":\u00a01}'.encode(),
    "form feed outside": b'{"a":\x0c1}',
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "a stray byte": b'{"a": "\xff"}',
    "a stray byte in a name": b'{"a\xfe": 1}',
    "an overlong slash": b'{"a": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "beyond U+10FFFF": b'{"a": "\xf5\x80\x80\x80"}',
    "a cut character": b'{"a": "\xf0\x9f\x98"}',
    "a form": b"a=1&b=2",
}
AT_FAULT = {
    "object_id": ('{"object_id": "x", "a": 1}', "/object_id"),
    "object_id, escaped": ('{"a": 1, "\\u006fbject_id": "x"}', "/object_id"),
    "object_id that is null": ('{"object_id": null}', "/object_id"),
    "empty name": ('{"": 1}', "/"),
    "empty name, nested": ('{"a": {"": 1}}', "/a/"),
    "empty name in a list": ('{"a": [0, {"b": {"": 1}}]}', "/a/1/b/"),
    "duplicate": ('{"a": 1, "b": 2, "a": 1}', "/a"),
    "duplicate, nested": ('{"a": {"b": 1, "b": 2}}', "/a/b"),
    "duplicate in a list": ('{"x": [{}, {"k": 1, "k": 1}]}', "/x/1/k"),
    "duplicate by an escape": ('{"a": 1, "\\u0061": 2}', "/a"),
    "duplicate with punctuation": ('{"a": {"x/y~z": 1, "x/y~z": 2}}', "/a/x~1y~0z"),
    "1e126": ('{"a": 1e126}', "/a"),
    "-1e126": ('{"a": [-1e126]}', "/a/0"),
    "1e400": ('{"a": 1e400}', "/a"),
    "an exponent beyond 64 bits": ('{"a": 1e99999999999999999999}', "/a"),
    "1e-131": ('{"a": 1e-131}', "/a"),
    "1e-400": ('{"a": {"b": -1e-400}}', "/a/b"),
    "1e-131, written out": ('{"a": 0.' + "0" * 130 + "1}", "/a"),
    "1e126, written out": ('{"a": 1' + "0" * 126 + "}", "/a"),
    "39 digits": ('{"a": ' + "1" * 39 + "}", "/a"),
    "39 digits behind the point": ('{"a": 0.' + "1" * 39 + "}", "/a"),
    "39 digits around the point": ('{"a": 1.' + "0" * 37 + "1}", "/a"),
    "39 digits with an exponent": ('{"a": ' + "9" * 39 + "e-10}", "/a"),
    "10,000 digits": ('{"a": ' + "7" * 10_000 + "}", "/a"),
    "10,000 digits behind the point": ('{"a": 0.' + "7" * 10_000 + "}", "/a"),
    "in a list in a list": ('{"x": 1, "a": [0, [1, 1e400]]}', "/a/1/1"),
    "the eleventh of a list": ('{"a": [0,1,2,3,4,5,6,7,8,9,1e400]}', "/a/10"),
    "a path with tilde and slash": ('{"a/b": {"m~n": [1e400]}}', "/a~1b/m~0n/0"),
    "a name that looks escaped": ('{"~1": {"~01": 1e400}}', "/~01/~001"),
    "a name of a digit": ('{"0": {"1": 1e400}}', "/0/1"),
    "a name with quotes": ('{"a\\"b": {" ": 1e400}}', '/a"b/ '),
    "names that are not ASCII": ('{"ключ": {"😀": 1e400}}', "/ключ/😀"),
    "lone surrogate": ('{"a": "\\ud800"}', "/a"),
    "lone low surrogate in a list": ('{"a": ["b", "x\\udc00y"]}', "/a/1"),
    "surrogates the wrong way round": ('{"a": "\\ude00\\ud83d"}', "/a"),
    "lone surrogate before a pair": ('{"a": "\\ud83d\\ud83d\\ude00"}', "/a"),
}
# A name that can't be written has no pointer. NaN is no JSON, so a pointer for it is optional.
PERHAPS_POINTED_AT = {
    "NaN": ('{"a": NaN}', "/a"),
    "Infinity": ('{"a": [Infinity]}', "/a/0"),
    "-Infinity": ('{"a": {"b": -Infinity}}', "/a/b"),
    "lone surrogate in a name": ('{"a": {"\\ud800": 1}}', "/a"),
    "lone surrogate in a top-level name": ('{"x\\udfff": 1}', ""),
}


@pytest.mark.parametrize("body", NOT_AN_OBJECT)
def test_body_that_is_no_object_is_400(client: Client, body: str) -> None:
    assert_error(client.put(body), 400)


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_body_that_is_not_utf8_json_is_400(client: Client, body: bytes) -> None:
    assert_error(client.put(body), 400)


@pytest.mark.parametrize(("body", "pointer"), AT_FAULT.values(), ids=AT_FAULT)
def test_bad_value_is_400_with_pointer(client: Client, body: str, pointer: str) -> None:
    assert_error(client.put(body), 400, pointer=pointer)


@pytest.mark.parametrize(("body", "parent"), PERHAPS_POINTED_AT.values(), ids=PERHAPS_POINTED_AT)
def test_pointer_leads_to_value_at_fault(client: Client, body: str, parent: str) -> None:
    pointer = assert_error(client.put(body), 400).get("pointer", parent)
    assert isinstance(pointer, str)
    assert pointer.startswith(parent)


@pytest.mark.parametrize("body", ['{"%s": 1}', '{"a": [{"%s": 1}]}'], ids=["top level", "nested"])
def test_a_name_of_more_than_65535_bytes_is_400(client: Client, body: str) -> None:
    assert_error(client.put(body % ("é" * 32_768)), 400)


def test_a_compressed_body_is_refused(client: Client) -> None:
    body = gzip.compress(b'{"a": 1}')
    assert_error(client.put(body, Content_Encoding="gzip"), 400, 415)


def test_a_body_without_a_length_is_400(client: Client) -> None:
    head = client.head_of("POST", "/picus/put", "Content-Type: application/json")
    assert_error(client.exchange([head]), 400, 411)
