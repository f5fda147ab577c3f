"""Items as CSV (RFC 4180): what a reader gets back, and what a spreadsheet never evaluates."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.core.values.to_csv import csv_header, csv_row, csv_rows

GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
"""The rule of docs/import-export.md: such a cell has one apostrophe too many."""


def cells(text: bytes) -> list[list[str]]:
    """Return the rows as Python's reader has them. It must agree that every row ends with CRLF."""
    assert text.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ({"S": ""}, '""'),
        ({"S": "Bern"}, "Bern"),
        ({"S": "a,b"}, '"a,b"'),
        ({"S": 'say "x"'}, '"say ""x"""'),
        ({"S": "two\nlines"}, '"two\nlines"'),
        ({"S": " x"}, '" x"'),
        ({"S": "a;b"}, '"a;b"'),
        ({"S": "=1+1"}, "'=1+1"),
        ({"S": "-5"}, "'-5"),
        ({"S": "'=x"}, "''=x"),
        ({"S": "'x"}, "'x"),
        ({"S": "\tx"}, '"\'\tx"'),
        ({"S": "@SUM(A1,A2)"}, '"\'@SUM(A1,A2)"'),
        ({"N": "-5"}, "-5"),
        ({"N": "1E+125"}, "1E+125"),
        ({"N": "12345678901234567890123456789012345678"}, "12345678901234567890123456789012345678"),
        ({"BOOL": True}, "true"),
        ({"NULL": True}, "null"),
        ({"L": [{"N": "0.10"}, {"S": "ü"}]}, '"[0.10,""ü""]"'),
        ({"M": {"n": {"N": "1"}}}, '"{""n"":1}"'),
        ({"M": {}}, "{}"),
        ({"SS": ["a"]}, '"[""a""]"'),
        ({"B": "+w=="}, "'+w=="),
    ],
)
def test_cell_has_value_exactly(value: AttributeValue | None, cell: str) -> None:
    item: AttributeMap = {"a": {"S": "x"}}
    if value is not None:
        item["b"] = value
    assert csv_row([("a",), ("b",)], item) == f"x,{cell}".encode()


def test_nested_paths_have_columns() -> None:
    item: AttributeMap = {"a": {"M": {"b": {"M": {"c": {"N": "1"}}}}}, "text": {"S": "x"}}
    paths = [("a", "b", "c"), ("a", "b"), ("a", "x", "c"), ("text", "b"), ("none", "b")]
    assert csv_row(paths, item) == b'1,"{""c"":1}",,,'


def test_row_of_one_empty_cell_is_not_an_empty_line() -> None:
    assert csv_rows([("a",)], [{}, {"a": {"S": ""}}]) == b'""\r\n""\r\n'


def test_header_is_guarded_and_quoted() -> None:
    assert csv_header(["object_id", "a.b", '"x,y"', "-a"]) == b'object_id,a.b,"""x,y""",\'-a\r\n'


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), min_size=1))
def test_texts_come_back_and_are_never_formulas(rows: list[list[str]]) -> None:
    items = [{"a": {"S": first}, "b": {"S": second}} for first, second in rows]
    found = cells(csv_rows([("a",), ("b",)], items))
    assert not [cell for row in found for cell in row if cell[:1] in tuple("=+-@\t\r\n＝＋－＠")]
    assert [[cell[1:] if GUARDED.match(cell) else cell for cell in row] for row in found] == rows
