"""JSON text to attribute values: what is refused, and where."""

import pytest

from picus_api.core.errors import BadRequest
from picus_api.core.values.from_json import attributes_from_json


def refused(body: str | bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        attributes_from_json(body.encode() if isinstance(body, str) else body)
    return caught.value


def test_every_kind_of_value_has_its_attribute_type() -> None:
    body = b'{"s": "\xc3\xa4\\u0000", "n": 1.10, "t": true, "f": false, "z": null, "m": {"self": []}, "l": ["", {}]}'
    assert attributes_from_json(body) == {
        "s": {"S": "ä\0"},
        "n": {"N": "1.1"},
        "t": {"BOOL": True},
        "f": {"BOOL": False},
        "z": {"NULL": True},
        "m": {"M": {"self": {"L": []}}},
        "l": {"L": [{"S": ""}, {"M": {}}]},
    }


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("[]", "an array"),
        ('"x"', "a string"),
        ("1", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
        ("NaN", "NaN"),
    ],
)
def test_only_an_object_is_an_item(body: str, kind: str) -> None:
    error = refused(body)
    assert error.message == f"The body must be a JSON object, not {kind}."
    assert error.pointer is None


@pytest.mark.parametrize("body", ["", " \t\r\n"])
def test_an_empty_body_says_so(body: str) -> None:
    assert refused(body).message == "The body is empty: send a JSON object."


@pytest.mark.parametrize(
    "body",
    ["{", '{"a":1', '{"a":1} x', "{'a': 1}", '{"a": 01}', '{"a": 1,}', '{"a": "\n"}', '{"a": .5}', '{"a": "\\x"}'],
)
def test_malformed_json_says_line_and_column(body: str) -> None:
    error = refused(body)
    assert error.message.startswith("The body is not valid JSON: ")
    assert " at line " in error.message
    assert error.pointer is None


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b"\xed\xa0\x80", '{"a": 1}'.encode("utf-16")])
def test_invalid_utf8_says_the_byte(body: bytes) -> None:
    assert "not valid UTF-8 at byte" in refused(body).message


def test_a_byte_order_mark_is_refused() -> None:
    assert "byte order mark" in refused(b"\xef\xbb\xbf{}").message


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"a": NaN}', "/a"),
        ('{"a": [0, -Infinity]}', "/a/1"),
        ('{"a": {"b": [0, {"c": 1e400}]}}', "/a/b/1/c"),
        ('{"a/b": {"m~n": 1e-400}}', "/a~1b/m~0n"),
        ('{"a": "\\ud800"}', "/a"),
        ('{"a": ["\\udc00x"]}', "/a/0"),
        ('{"": 1}', "/"),
        ('{"a": {"": 1}}', "/a/"),
        ('{"a": 1, "a": 2}', "/a"),
        ('{"x": [{"a": 1, "b": 2, "b": 2}]}', "/x/0/b"),
        ('{"a": ' + "1" * 10_000 + "}", "/a"),
    ],
)
def test_error_has_pointer_to_bad_value(body: str, pointer: str) -> None:
    assert refused(body).pointer == pointer


@pytest.mark.parametrize("member", ['"\\ud800": 1', '"\\ud800": 1e400', '"\\ud800": 1, "\\ud800": 2'])
def test_unwritable_name_has_pointer_of_its_object(member: str) -> None:
    assert refused('{"a": {' + member + "}}").pointer == "/a"
    assert refused("{" + member + "}").pointer == ""


@pytest.mark.parametrize(("opening", "closing", "step"), [("[", "]", "0"), ('{"k":', "}", "k")])
@pytest.mark.parametrize("levels", [32, 33, 900, 100_000])
def test_deep_nesting_points_at_first_bad_container(opening: str, closing: str, step: str, levels: int) -> None:
    body = '{"a":[{"x":"]}\\"["},' + opening * levels + "1" + closing * levels + "]}"
    error = refused(body)
    assert "32 levels" in error.message
    assert error.pointer == "/a/1" + f"/{step}" * 30


def test_nesting_of_32_levels_is_stored() -> None:
    stored = attributes_from_json(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}")
    assert str(stored).count("'L'") == 31


def test_a_name_may_have_65535_bytes_and_no_more() -> None:
    longest = "ä" * 32_767 + "x"
    assert attributes_from_json(f'{{"{longest}": 1}}'.encode()) == {longest: {"N": "1"}}
    assert refused(f'{{"m": {{"{longest}x": 1}}}}').pointer == f"/m/{longest}x"
