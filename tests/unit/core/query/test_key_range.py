"""Comparisons of a sort key become one condition of a Query, which admits the same keys."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import Comparison, parse_filter
from picus_api.core.query.key_range import (
    MAX_SORT_KEY_BYTES,
    key_range,
    number_after,
    number_before,
    text_after,
    text_before,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.sampled_from(
    [Decimal(0), Decimal("1e-130"), Decimal("-1e-130"), Decimal("9" * 38), Decimal("-1e100")]
)


def comparisons(text: str) -> list[Comparison]:
    return [each.comparison for each in parse_filter(text, Placeholders()) if each.comparison]


@given(texts, texts)
def test_no_text_lies_between_neighbours(text: str, other: str) -> None:
    before, after = text_before(text), text_after(text)
    key = other.encode()
    assert after is not None
    assert (key > text.encode()) == (key >= after.encode())
    assert (key < text.encode()) == (before is not None and key <= before.encode())
    assert before is None or len(before.encode()) <= MAX_SORT_KEY_BYTES


@given(numbers, numbers)
def test_no_number_lies_between_neighbours(number: Decimal, other: Decimal) -> None:
    before, after = number_before(str(number)), number_after(str(number))
    assert before is not None
    assert after is not None
    assert (other > number) == (other >= Decimal(after))
    assert (other < number) == (other <= Decimal(before))


def test_largest_numbers_have_no_neighbour() -> None:
    largest = "9" * 38 + "e88"
    assert (number_after(largest), number_before(f"-{largest}")) == (None, None)
    assert text_after("x" * MAX_SORT_KEY_BYTES) is None


@pytest.mark.parametrize(
    ("text", "tag", "expression", "holds_all"),
    [
        ("c:*", "S", "", False),
        ('c = "x"', "S", "#n0 = :v0", True),
        ('c > "x" AND c:*', "S", "#n0 > :v0", True),
        ('c > ""', "S", "", True),
        ('c >= ""', "S", "", False),
        ('c < "x"', "S", "#n0 < :v0", False),
        ('c > "" AND c <= "x"', "S", "#n0 <= :v0", True),
        ('begins_with(c, "x")', "S", "begins_with(#n0, :v0)", True),
        ('begins_with(c, "")', "S", "", False),
        ("c < 5", "N", "#n0 < :v0", True),
        ("c >= 1 AND c < 5", "N", "#n0 BETWEEN :v0 AND :v1", True),
        ('c > "a" AND c <= "b"', "S", "#n0 BETWEEN :v0 AND :v1", True),
        ("c > 9 AND c > 10", "N", "#n0 > :v0", True),
        ('c = "b" AND c > "a"', "S", "#n0 BETWEEN :v0 AND :v1", True),
    ],
)
def test_comparisons_become_key_condition(text: str, tag: str, expression: str, holds_all: bool) -> None:
    found = key_range(comparisons(text), tag)
    assert found is not None
    assert (found.expression(Placeholders()), found.holds_all, found.is_empty) == (expression, holds_all, False)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ('c != "x"', "S"),
        ("c = 5", "S"),
        ('c = "5"', "N"),
        ("c = null", "S"),
        ('c = ""', "S"),
        ('c <= ""', "S"),
        ('begins_with(c, "a") AND c > "b"', "S"),
        (f'c > "{"x" * 1025}"', "S"),
    ],
)
def test_other_comparisons_need_scan(text: str, tag: str) -> None:
    assert key_range(comparisons(text), tag) is None


def test_strongest_bounds_make_the_range() -> None:
    found = key_range(comparisons("c > 9 AND c >= 10 AND c > 10 AND c <= 100 AND c < 20 AND c <= 20"), "N")
    assert found is not None
    low, high = (Decimal((each.value or {})["N"]) for each in found.comparisons)
    assert 10 < low < Decimal("10.0001") < Decimal("19.9999") < high < 20
    [low_only] = key_range(comparisons('c > "Z" AND c >= "a"'), "S").comparisons  # type: ignore[union-attr]
    assert (low_only.operator, low_only.value) == (">=", {"S": "a"})


def test_contradiction_is_empty_range() -> None:
    for text, tag in (
        ("c > 1 AND c < 1", "N"),
        ('c = "a" AND c > "b"', "S"),
        ("c = 9 AND c < 10 AND c > 9", "N"),
        ('c >= "b" AND c < "b"', "S"),
    ):
        found = key_range(comparisons(text), tag)
        assert found is not None
        assert found.is_empty
