"""Tables of items: the names on a page, and a cell for each value."""

import pytest

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.pages.table import CELL_CHARACTERS, WHOLE_CHARACTERS, Cell, cells_of, chosen_columns, names_of

ITEMS: list[AttributeMap] = [
    {"object_id": {"S": "a"}, "n": {"N": "1"}, "at": {"M": {"city": {"S": "x"}, "deep": {"M": {"er": {"M": {}}}}}}},
    {"object_id": {"S": "b"}, "n": {"S": "1"}, "a.b": {"NULL": True}, "NOT": {"SS": ["x"]}},
]


def test_names_have_types_and_the_text_of_a_path() -> None:
    names = names_of(ITEMS, chosen_columns('n,absent,"a.b"'))
    assert [(name.path, name.types) for name in names if not name.chosen] == [
        ('"NOT"', "array"),
        ("at", "object"),
        ("at.city", "text"),
        ("at.deep", "object"),
        ("at.deep.er", "object"),
    ]
    chosen = [(name.path, name.types) for name in names if name.chosen]
    assert chosen == [('"a.b"', "null"), ("absent", ""), ("n", "number text")]


def test_columns_are_in_the_order_of_the_query() -> None:
    columns = chosen_columns('b, a."x.y",b,object_id')
    assert [column.path for column in columns] == ["b", 'a."x.y"']
    assert chosen_columns(None) == []


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, Cell("absent")),
        ({"N": "12345678901234567890.1"}, Cell("number", "12345678901234567890.1")),
        ({"S": "Ada"}, Cell("text", "Ada")),
        ({"S": "12"}, Cell("text", '"12"')),
        ({"S": "true"}, Cell("text", '"true"')),
        ({"S": ""}, Cell("text", '""')),
        ({"S": "\u202e"}, Cell("text", '"\\u202e"')),
        ({"BOOL": False}, Cell("word", "false")),
        ({"NULL": True}, Cell("word", "null")),
        ({"L": [{"N": "1.5"}, {"S": "x"}]}, Cell("json-value", '[1.5,"x"]')),
        ({"B": "AAE="}, Cell("text", '"AAE="')),
    ],
)
def test_cells_show_values_by_type(value: AttributeValue | None, cell: Cell) -> None:
    item = {} if value is None else {"at": {"M": {"x": value}}}
    assert cells_of(item, chosen_columns("at.x")) == [cell]


def test_long_texts_are_cut_with_the_whole_beside() -> None:
    [cell] = cells_of({"x": {"S": "y" * (CELL_CHARACTERS + 1)}}, chosen_columns("x"))
    assert (len(cell.text), len(cell.whole), cell.is_cut) == (CELL_CHARACTERS, CELL_CHARACTERS + 1, False)
    [cell] = cells_of({"x": {"S": "y" * (WHOLE_CHARACTERS + 1)}}, chosen_columns("x"))
    assert (len(cell.whole), cell.is_cut) == (WHOLE_CHARACTERS, True)
