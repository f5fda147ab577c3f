"""GET /picus/list?filter=…: which items, by the part of AIP-160 that docs/filtering.md describes."""

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error
from tests.contract.lists import items_of, marked, target

ITEM = (
    '"text": "Müller", "n": 10, "long": 12345678901234567890.1234567890123456, "yes": true, "no": false, "nil": null,'
    ' "map": {"deep": {"x": 1.50}, "a.b": 1, "list": [1]}, "list": [1, "two"], "empty": "", "size": 3, "NOT": 1,'
    ' "a.b": "dots", "it\'s \\"quoted\\"": "quotes", "with space": 1, "ключ": 1, "#n0": 1, ":v0": 1, "a-b": 1, "9": 1'
)
TRUE = [
    'text = "Müller"',
    'text = "M\\u00fcller"',
    'text != "Muller"',
    'text > "M"',
    'text >= "Müller"',
    'text < "N"',
    'begins_with(text, "Mü")',
    'begins_with(text, "")',
    "n = 10",
    "n = 1.0e1",
    "n != 10.00000000000000000000000000000000001",
    "n > 9.99999999999999999999999999999999999",
    "n < 100",
    "n>=10",
    "n<=10",
    "long = 12345678901234567890.12345678901234560",
    "long > 12345678901234567890.1234567890123455",
    "yes = true",
    "no = false",
    "yes != false",
    "nil = null",
    "nil:*",
    "nil != 0",
    'empty = ""',
    "map.deep.x = 1.5",
    "map.deep:*",
    'map."a.b" = 1',
    'map.deep = {"x": 1.5}',
    'list = [1, "two"]',
    '"a.b" = "dots"',
    '"it\'s \\"quoted\\"" = "quotes"',
    '"it\'s \\u0022quoted\\u0022":*',
    '"with space" = 1',
    "ключ = 1",
    '"#n0" = 1 AND ":v0" = 1',
    "a-b = 1",
    "9 = 1",
    "size = 3",
    '"NOT" = 1',
    "object_id:*",
    "NOT absent:*",
    "NOT n = 11",
    "NOT absent = 1",
    "NOT (n = 11 OR n = 12)",
    "NOT NOT n = 10",
    "n = 10 AND yes = true AND nil = null",
    "n = 11 OR n = 10",
    "(n = 11 OR n = 10) AND yes = true",
    "((((n = 10))))",
    " n = 10 ",
    "n=10 AND(yes=true)",
]
FALSE = [
    'text = "müller"',
    'text = "Müll"',
    'text = "M*"',
    'n = "10"',
    'n > "1"',
    "text > 1",
    "n = true",
    "yes = 1",
    "nil = false",
    'nil = ""',
    "empty = null",
    "absent = null",
    "absent != 1",
    "absent:*",
    "map.absent.x != 1",
    "text.x = 1",
    "list = [1]",
    'begins_with(absent, "")',
    "a.b:*",
    "n < 10",
    "n > 10",
    "NOT n = 10",
    "n = 10 AND yes = false",
]
WRONG = {
    "nothing but space": ("  ", 3),
    "no operator": ("n", 2),
    "no value": ("n =", 4),
    "no name": ("= 1", 1),
    "an unknown operator": ("n ~ 1", 3),
    "two equals signs": ("n == 1", 4),
    "a bare word as a value": ("text = abc", 8),
    "single quotes": ("text = 'abc'", 8),
    "a text that does not end": ('text = "abc', 8),
    "NaN": ("n > NaN", 5),
    "39 digits": ("n = " + "1" * 39, 5),
    "an exponent too large": ("yes = true AND n = 1e400", 20),
    "a lone surrogate": ('text = "\\ud800"', 8),
    "an order of booleans": ("yes < true", 7),
    "an order of null": ("nil >= null", 8),
    "an order of arrays": ("list > [1]", 8),
    "AND beside OR": ("n = 1 AND n = 2 OR n = 3", 17),
    "a word too many": ("n = 1 n = 2", 7),
    "lower-case and": ("n = 1 and n = 2", 7),
    "a bracket too many": ("n = 1)", 6),
    "a bracket too few": ("(n = 1", 7),
    "an empty bracket": ("()", 2),
    "an empty name": ('"" = 1', 1),
    "an empty step": ("a..b = 1", 3),
    "a dot at the end": ("a. = 1", 3),
    "an index": ("list[0] = 1", 5),
    "has a value": ("list:1", 5),
    "begins_with a number": ("begins_with(n, 1)", 16),
    "begins_with without a text": ("begins_with(text)", 17),
    "begins_with without an end": ('begins_with(text, "M"', 22),
    "another function": ('contains(text, "M")', 9),
    "a control character": ('text = "\x01"', 9),
    "33 levels": (".".join("a" * 33) + " = 1", 1),
    "a value of 33 levels": ("a = " + "[" * 33 + "]" * 33, 5),
    "the service's own": ("picus_version:*", 1),
}


@pytest.mark.parametrize("filter_text", TRUE)
def test_a_filter_that_holds_finds_the_item(client: Client, filter_text: str) -> None:
    mark, keys = marked(client, ITEM)
    found = items_of(client.request("GET", target(filter=f"{mark} AND ({filter_text})")))
    assert [item["object_id"] for item in found] == keys


@pytest.mark.parametrize("filter_text", FALSE)
def test_a_filter_that_does_not_hold_finds_nothing(client: Client, filter_text: str) -> None:
    mark, _ = marked(client, ITEM)
    assert items_of(client.request("GET", target(filter=f"{mark} AND ({filter_text})"))) == []


@pytest.mark.parametrize(("filter_text", "position"), WRONG.values(), ids=WRONG)
def test_malformed_expression_is_400_with_position(client: Client, filter_text: str, position: int) -> None:
    error = assert_error(client.request("GET", target(filter=filter_text)), 400)
    assert error["parameter"] == "filter"
    assert getattr(error["position"], "text", None) == str(position), error
    assert f"at character {position}" in str(error["error"])


def test_an_item_is_found_by_its_key(client: Client) -> None:
    _, keys = marked(client, "", "")
    assert items_of(client.request("GET", target(filter=f'object_id = "{keys[1]}"')))[0]["object_id"] == keys[1]


def test_many_comparisons_are_too_many(client: Client) -> None:
    assert items_of(client.request("GET", target(filter=" AND ".join(["absent:*"] * 50)))) == []
    assert_error(client.request("GET", target(filter=" AND ".join(["absent:*"] * 51))), 400)
    long = " AND ".join(f"{'.'.join('abcdefghijklmno')}{n} != 1" for n in range(50))
    assert_error(client.request("GET", target(filter=long)), 400)


@pytest.mark.parametrize("nesting", [20, 21, 2000])
def test_brackets_nest_only_so_deep(client: Client, nesting: int) -> None:
    nested = "(" * nesting + "absent:*" + ")" * nesting if nesting < 1000 else "(" * nesting
    response = client.request("GET", target(filter=nested))
    assert items_of(response) == [] if nesting == 20 else assert_error(response, 400)


def test_an_empty_filter_is_400(client: Client) -> None:
    assert assert_error(client.request("GET", target(filter="")), 400)["parameter"] == "filter"
