"""JSON numbers to DynamoDB numbers and back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.errors import BadValue
from picus_api.core.values.numbers import canonical, json_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.000e999999999999999999999", "0"),
        ("123", "123"),
        ("123.0", "123"),
        ("1.10", "1.1"),
        ("-1.50e1", "-15"),
        ("1E5", "100000"),
        ("0.00001", "0.00001"),
        ("1e-130", "1E-130"),
        ("12e-131", "1.2E-130"),
        ("1e125", "1E125"),
        ("9" * 38 + "e88"[:0], "9" * 38),
        ("9." + "9" * 37 + "e125", "9." + "9" * 37 + "E125"),
        ("1" + "0" * 125, "1E125"),
        ("0." + "0" * 129 + "1", "1E-130"),
        ("1" + "0" * 10_000 + "e-10000", "1"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
    ],
)
def test_a_number_is_stored_without_redundant_digits(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["1e126", "-1e126", "1e999999999999999999999999", "1" + "0" * 126])
def test_a_number_too_large_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="too large"):
        canonical(text)


@pytest.mark.parametrize("text", ["1e-131", "-9.9e-131", "1e-999999999999999999999999", "0." + "0" * 130 + "1"])
def test_a_number_too_close_to_zero_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="too close to zero"):
        canonical(text)


@pytest.mark.parametrize("text", ["1" * 39, "1." + "1" * 38, "1" + "0" * 37 + "1", "0.1" + "0" * 37 + "1"])
def test_more_than_38_significant_digits_are_refused(text: str) -> None:
    with pytest.raises(BadValue, match="39 significant digits"):
        canonical(text)


@pytest.mark.parametrize("text", ["", ".", "-", "NaN", "1e", "0x1", "1_000", "١", "1 "])
def test_malformed_number_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="not a number"):
        canonical(text)


digits = st.integers(min_value=-(10**38) + 1, max_value=10**38 - 1)


@given(digits, st.integers(min_value=-130, max_value=88))
def test_every_number_in_range_keeps_its_value(coefficient: int, exponent: int) -> None:
    text = f"{coefficient}e{exponent}"
    stored = canonical(text)
    assert Decimal(stored) == Decimal(text)
    assert canonical(stored) == stored
    assert json_number(stored) == stored


@given(digits, st.integers(min_value=0, max_value=200))
def test_ways_to_write_one_number_are_stored_alike(coefficient: int, zeros: int) -> None:
    assert canonical(f"{coefficient}.{'0' * zeros}") == canonical(f"{coefficient}{'0' * zeros}e-{zeros}")


def test_foreign_number_text_becomes_json() -> None:
    assert [json_number(text) for text in ("+1", ".5", "1E+3", "01")] == ["1", "0.5", "1E+3", "1"]
