"""Tables for people: columns, widths, and what is not printed as it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.values.attribute_values import AttributeMap
from picus_api.management import table_output
from picus_api.management.table_output import Table, display_width

ITEMS: list[AttributeMap] = [
    {"object_id": {"S": "a"}, "name": {"S": "Red chair"}, "price": {"N": "12.5"}},
    {"object_id": {"S": "b"}, "price": {"N": "1234"}, "tags": {"L": [{"S": "x"}, {"BOOL": True}]}},
    {"object_id": {"S": "c"}, "name": {"NULL": True}},
]


def lines(items: list[AttributeMap], fields: str | None = None, width: int | None = None) -> list[str]:
    return list(Table(items, fields, width).lines())


def test_columns_are_aligned_and_numbers_to_the_right() -> None:
    assert lines(ITEMS) == [
        "object_id  name       price  tags",
        "a          Red chair   12.5",
        'b                      1234  ["x",true]',
        "c          null",
    ]


def test_fields_are_the_columns_in_their_order() -> None:
    assert lines(ITEMS, "price,name")[:2] == ["object_id  price  name", "a           12.5  Red chair"]
    assert lines(ITEMS, "price,object_id")[0] == "price  object_id"
    nested: list[AttributeMap] = [{"object_id": {"S": "k"}, "a": {"M": {"b": {"N": "-1"}}}}]
    assert lines(nested, "a.b") == ["object_id  a.b", "k           -1"]
    assert lines([]) == ["object_id"]


def test_wide_columns_become_equally_narrow() -> None:
    item: AttributeMap = {"object_id": {"S": "k" * 40}, "n": {"N": "7"}, "text": {"S": "x" * 100}}
    assert lines([item], width=25) == ["object_id   n  text", "kkkkkkkkk…  7  xxxxxxxxx…"]
    assert lines([item])[1] == f"{'k' * 40}  7  {'x' * 100}"


def test_columns_without_room_are_counted() -> None:
    item: AttributeMap = {"object_id": {"S": "k"}} | {f"name{n}": {"S": "x" * 10} for n in range(20)}
    table = Table([item], None, 40)
    assert table.hidden == 15
    assert all(display_width(line) <= 40 for line in table.lines())


def test_attributes_after_the_sample_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_output, "_SAMPLE_ITEMS", 2)
    table = Table([*ITEMS, {"object_id": {"S": "long key"}, "late": {"N": "1"}}], None, None)
    assert list(table.lines())[-1] == "long key"
    assert table.unseen == {"late"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc\x1b[31m", "a\\nb\\tc\\u001b[31m"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("a\u200bb\u2028c", "a\\u200bb\\u2028c"),
        ("\x9b2J", "\\u009b2J"),
        ("\U000e0001", "\\udb40\\udc01"),
        ("日本", "日本"),
        ("e\u0301 ü", "e\u0301 ü"),
    ],
)
def test_terminal_gets_no_control_characters(text: str, shown: str) -> None:
    item: AttributeMap = {"object_id": {"S": text}, text: {"L": [{"S": "\u202e"}]}}
    head, row = lines([item])
    assert head == f"object_id{' ' * (max(9, display_width(shown)) - 9)}  {shown}"
    assert row.startswith(shown)
    assert row.endswith('["\\u202e"]')


def test_wide_characters_take_two_columns() -> None:
    items: list[AttributeMap] = [
        {"object_id": {"S": key}, "n": {"N": "1"}} for key in ("日本語テキスト", "e\u0301", "x")
    ]
    assert lines(items) == ["object_id       n", "日本語テキスト  1", f"e\u0301{' ' * 13}  1", f"x{' ' * 13}  1"]
    assert lines(items, width=12)[1] == "日本語テ…  1"


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers(10, 60))
def test_no_line_is_wider_than_the_terminal(texts: list[str], width: int) -> None:
    items: list[AttributeMap] = [{"object_id": {"S": text}, "t": {"S": text}, "n": {"N": "1"}} for text in texts]
    found = lines(items, width=width)
    assert len(found) == len(items) + 1
    assert not {unicodedata.category(character) for line in found for character in line} & {"Cc", "Cf", "Zl", "Zp"}
    assert max(map(display_width, found)) <= width
