"""Nothing is rounded: every JSON value that DynamoDB can hold comes back equal."""

import pytest

from tests.contract.client import Client
from tests.contract.exact import Number, parse_exact
from tests.contract.expect import assert_error

NINES = "9" * 38
DIGITS = "12345678901234567890123456789012345678"
# Sent on the left; on the right the text that must come back.
AS_TEXT = {
    "0": "0",
    "123": "123",
    "-1": "-1",
    "100": "100",
    "123.0": "123",
    "1.0": "1",
    "0.0": "0",
    "1.10": "1.1",
    "0.1": "0.1",
    "-0.5": "-0.5",
    "3.14159": "3.14159",
    "9007199254740993": "9007199254740993",
    "18446744073709551616": "18446744073709551616",
    DIGITS: DIGITS,
    f"-{DIGITS}": f"-{DIGITS}",
    NINES: NINES,
    f"0.{DIGITS}": f"0.{DIGITS}",
    "1234567890123456789.0123456789012345678": "1234567890123456789.0123456789012345678",
    "-9.9999999999999999999999999999999999999": "-9.9999999999999999999999999999999999999",
}
# Compared by value: the text may be plain or have an exponent.
AS_VALUE = {
    "minus zero": "-0",
    "minus zero with a point": "-0.0",
    "zero with an exponent": "0e5",
    "zero with an exponent that only zero can have": "0e400",
    "1E5": "1E5",
    "1e+5": "1e+5",
    "1.5e-7": "1.5e-7",
    "one millionth": "0.000001",
    "smallest": "1e-130",
    "smallest below zero": "-1E-130",
    "smallest, written out": "0." + "0" * 129 + "1",
    "smallest with 38 digits": f"1.{DIGITS[1:]}e-130",
    "largest": f"9.{NINES[1:]}e125",
    "largest below zero": f"-9.{NINES[1:]}E+125",
    "largest, written out": NINES + "0" * 88,
    "a power of ten, written out": "1" + "0" * 100,
    "zeros behind the point": "1." + "0" * 100,
    "zeros behind 38 digits": DIGITS + "0" * 20,
    "a negative exponent that cancels": "1" + "0" * 200 + "e-200",
}
BODIES = {
    "no attributes": "{}",
    "empty string": '{"a": ""}',
    "empty containers": '{"a": [], "b": {}, "c": [[], {}], "d": {"e": {}}}',
    "null and booleans": '{"a": null, "b": true, "c": false, "d": [null, true, false]}',
    "lists keep order, repeats and types": '{"a": [3, 1, 1, "1", null, [1], {"b": 1}, true, 2]}',
    "lists of one type": '{"a": ["b", "a", "a"], "n": [2, 1, 1]}',
    "self": '{"self": 1, "cls": 2, "a": {"self": {"self": []}}}',
    "names of Python and PynamoDB": '{"__class__": 1, "attribute_values": 2, "Meta": {"table_name": 3}}',
    "looks like DynamoDB's own notation": '{"S": "x", "a": {"S": "x"}, "b": {"N": "1"}, "c": {"NULL": true},'
    ' "d": {"B": "aGk="}, "e": {"SS": ["x"]}, "f": {"M": {}}, "g": {"L": []}, "h": {"BOOL": false}}',
    "object_id below the top": '{"a": {"object_id": "x"}, "b": [{"object_id": 1}]}',
    "names that are like object_id": '{"Object_id": 1, "object_id ": 2, " object_id": 3}',
    "names with punctuation": '{"a.b": 1, "a/b": 2, "a~b": 3, "#": 4, ":v": 5, " ": 6, "\\"": 7, "\\\\": 8}',
    "names of digits": '{"0": {"1": [0]}, "-1": 2}',
    "names that are not ASCII": '{"имя": {"名": "🔑"}, "😀": 1, "é": 2, "e\u0301": 3}',
    "the name U+0000": '{"\\u0000": 1, "a": {"\\u0000": 2}}',
    "astral planes": '{"a": "😀𝔘\U0010ffff", "b": "\\ud83d\\ude00"}',
    "controls": '{"a": "\\u0000\\u0001\\u001f\\u007f\\t\\n\\r\\b\\f"}',
    "separators and non-characters": '{"a": "\u2028\u2029\ufeff\uffff\ufffd\u202e\u00a0"}',
    "not normalised": '{"composed": "\u00e9", "decomposed": "e\u0301", "ligature": "\ufb01"}',
    "escapes": '{"\\u0061": "\\u0062\\/\\"\\\\"}',
    "strings that look like others": '{"a": "1.10", "b": "null", "c": "NaN", "d": "{}", "e": "1e400"}',
    "white space around": ' \r\n\t{ "a" :\t[ 1 , 2 ] }\r\n ',
    "a long string": '{"a": "' + "é" * 100_000 + '"}',
    "many attributes": "{" + ", ".join(f'"k{n}": {n}' for n in range(3000)) + "}",
    "a long list": '{"a": [' + ", ".join(map(str, range(10_000))) + "]}",
    "the longest name": '{"' + "n" * 65_535 + '": 1}',
    "the longest name, nested": '{"a": {"' + "é" * 32_767 + '": 1}}',
}


@pytest.mark.parametrize(("sent", "text"), AS_TEXT.items(), ids=AS_TEXT)
def test_a_number_comes_back_as_this_text(client: Client, sent: str, text: str) -> None:
    key = client.store(f'{{"a": {sent}, "b": [{sent}], "c": {{"d": {sent}}}}}')
    number = Number(text)
    assert client.fetch(key) == {"a": number, "b": [number], "c": {"d": number}}


@pytest.mark.parametrize("sent", AS_VALUE.values(), ids=AS_VALUE)
def test_a_number_comes_back_with_this_value(client: Client, sent: str) -> None:
    key = client.store(f'{{"a": {sent}}}')
    number = client.fetch(key)["a"]
    assert isinstance(number, Number)
    assert number.value == Number(sent).value


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_comes_back_equal(client: Client, body: str) -> None:
    assert client.fetch(client.store(body)) == parse_exact(body)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"0":', "}")], ids=["lists", "objects"])
def test_32_levels_are_stored(client: Client, opening: str, closing: str) -> None:
    # The attribute's own value is level 1, so 31 containers around a scalar make 32.
    body = '{"a":' + opening * 31 + "1" + closing * 31 + "}"
    assert client.fetch(client.store(body)) == parse_exact(body)


@pytest.mark.parametrize("containers", [32, 40, 100])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"0":', "}")], ids=["lists", "objects"])
def test_deeper_nesting_is_400_and_says_where(client: Client, opening: str, closing: str, containers: int) -> None:
    body = '{"fine": [1], "a":' + opening * containers + "1" + closing * containers + "}"
    pointer = assert_error(client.put(body), 400)["pointer"]
    assert isinstance(pointer, str)
    assert ("/a" + "/0" * containers).startswith(pointer)
    assert pointer.count("/") >= 32


# `object_id` and its uuid are 45 bytes, the name "a" is one more; DynamoDB counts UTF-8, not escapes.
ROOM = 400 * 1024 - 45 - 1
FILLERS = {"ASCII": ("x", 1), "UTF-8": ("😀", 4), "escapes": ("\\u0041", 1)}


@pytest.mark.parametrize(("filler", "size"), FILLERS.values(), ids=FILLERS)
def test_item_of_exactly_400_kb_is_stored(client: Client, filler: str, size: int) -> None:
    body = '{"a": "' + filler * (ROOM // size) + "x" * (ROOM % size) + '"}'
    assert client.fetch(client.store(body)) == parse_exact(body)


@pytest.mark.parametrize(("filler", "size"), FILLERS.values(), ids=FILLERS)
def test_one_byte_more_than_400_kb_is_413(client: Client, filler: str, size: int) -> None:
    body = '{"a": "' + filler * (ROOM // size) + "x" * (ROOM % size + 1) + '"}'
    assert_error(client.put(body), 413)


def test_an_item_of_twice_400_kb_in_many_values_is_413(client: Client) -> None:
    assert_error(client.put('{"a": [' + ", ".join(['"' + "x" * 1000 + '"'] * 800) + "]}"), 413)
