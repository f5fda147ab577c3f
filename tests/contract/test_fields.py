"""GET /picus/list?fields=a,b.c: only these attributes, and the key."""

import pytest

from tests.contract.client import Client
from tests.contract.exact import Json, parse_exact
from tests.contract.expect import assert_error
from tests.contract.lists import items_of, marked, target

ITEM = (
    '"name": "x", "size": 1.10, "map": {"a": 1, "b": {"c": [1], "d": 2}}, "a.b": {"c,d": 3, "e": 4}, "it\'s \\"q\\"": 5'
)
WRONG = {
    "nothing between commas": ("a,,b", 3),
    "a comma at the end": ("a,", 3),
    "an empty step": ("a..b", 3),
    "an index": ("a[0]", 2),
    "two words": ("a b", 3),
    "an empty name": ('a,""', 3),
    "a name that does not end": ('a,"b', 3),
    "a star": ("*", 1),
}


def projected(client: Client, fields: str) -> dict[str, Json]:
    mark, keys = marked(client, ITEM)
    [item] = items_of(client.request("GET", target(filter=mark, fields=fields)))
    assert item.pop("object_id") == keys[0]
    return item


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("name", '{"name": "x"}'),
        ("name,size", '{"name": "x", "size": 1.1}'),
        (" name , size ", '{"name": "x", "size": 1.1}'),
        ("object_id", "{}"),
        ("object_id,name,name", '{"name": "x"}'),
        ("absent", "{}"),
        ("map", '{"map": {"a": 1, "b": {"c": [1], "d": 2}}}'),
        ("map.b.c", '{"map": {"b": {"c": [1]}}}'),
        ("map.a,map.b.d", '{"map": {"a": 1, "b": {"d": 2}}}'),
        ("map.b,map.b.c,map.b.absent", '{"map": {"b": {"c": [1], "d": 2}}}'),
        ("name.x", "{}"),
        ('"a.b"', '{"a.b": {"c,d": 3, "e": 4}}'),
        ('"a.b"."c,d",name', '{"a.b": {"c,d": 3}, "name": "x"}'),
        ('"it\'s \\"q\\""', '{"it\'s \\"q\\"": 5}'),
        ("a.b", "{}"),
    ],
)
def test_only_requested_fields_are_returned(client: Client, fields: str, expected: str) -> None:
    assert projected(client, fields) == parse_exact(expected)


@pytest.mark.parametrize(("fields", "position"), WRONG.values(), ids=WRONG)
def test_malformed_expression_is_400_with_position(client: Client, fields: str, position: int) -> None:
    error = assert_error(client.request("GET", target(fields=fields)), 400)
    assert error["parameter"] == "fields"
    assert getattr(error["position"], "text", None) == str(position), error


def test_too_many_fields_are_400(client: Client) -> None:
    assert_error(client.request("GET", target(fields=",".join(f"a{n}" for n in range(800)))), 400)
