"""A cursor gives back its key, and any other text is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.errors import BadParameter
from picus_api.core.query.cursor import List, Position, decode_cursor, decode_position, encode_cursor, encode_position

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(keys, st.text(max_size=20))
def test_a_key_comes_back(key: str, filter_text: str) -> None:
    cursor = encode_cursor(key, "table", filter_text)
    assert cursor.replace("-", "a").replace("_", "a").isalnum()
    assert decode_cursor(cursor, "table", filter_text) == key


@given(keys, keys)
def test_cursor_of_other_table_or_filter_is_refused(key: str, other: str) -> None:
    cursor = encode_cursor(key, "table", "")
    for table, filter_text in (("table2", ""), ("table", other), (other + "table", "")):
        with pytest.raises(BadParameter):
            decode_cursor(cursor, table, filter_text)


@given(st.text(max_size=100))
def test_malformed_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        decode_cursor(text, "table", "")


@pytest.mark.parametrize("value", [None, {"S": "x"}, {"N": "1"}])
def test_position_in_an_index_comes_back(value: dict[str, str] | None) -> None:
    position, of = Position("k", "i", value), List("t", "f", "s")
    assert decode_position(encode_position(position, of), of) == position


@pytest.mark.parametrize(
    "text", ["x", "1", "[]", "[1]", '["k", 1]', '["k", "i", 1]', '["k", "i", {"S": 1}]', '["k", "i", {}]', "[" * 3000]
)
def test_forged_position_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        decode_position(encode_cursor(text, "t", "f\0s"), List("t", "f", "s"))
