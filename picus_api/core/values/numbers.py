"""Convert number text between JSON and DynamoDB, exactly, never through a float.

DynamoDB holds 38 significant digits, magnitudes from 1e-130 to below 1e126, and zero:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types-number
"""

import re

from picus_api.core.errors import BadValue

MAX_DIGITS = 38
MIN_EXPONENT, MAX_EXPONENT = -130, 125

_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# Integers of at most 18 digits are within all limits; most numbers are such integers.
_SHORT_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
# No number in a request has this many digits, so a larger exponent can't be brought back into range.
_EXPONENT_DIGITS = 12


def _exponent(text: str) -> int:
    digits = text.lstrip("+-0")
    if len(digits) > _EXPONENT_DIGITS:
        digits = "9" * _EXPONENT_DIGITS
    return -int(digits or 0) if text.startswith("-") else int(digits or 0)


def canonical(text: str) -> str:
    """Return DynamoDB's number text for a JSON number: exact, without redundant zeros.

    Raises BadValue when DynamoDB can't hold the number exactly. Takes time linear in the number of digits.
    """
    if _SHORT_INTEGER.fullmatch(text):
        return text
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise BadValue("This is not a number.")
    sign, whole, fraction, exponent_text = match[1], match[2], match[3] or "", match[4] or "0"
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return "0"
    # The number is 0.DIGITS times ten to the power of `point`.
    point = len(digits) - len(fraction) + _exponent(exponent_text)
    _check_range(significant, point - 1)
    return ("-" if sign == "-" else "") + _plain_or_scientific(significant, point)


def _check_range(significant: str, magnitude: int) -> None:
    if magnitude > MAX_EXPONENT:
        raise BadValue(f"The number is too large: DynamoDB holds magnitudes below 1e{MAX_EXPONENT + 1}.")
    if magnitude < MIN_EXPONENT:
        raise BadValue(f"The number is too close to zero: DynamoDB holds magnitudes from 1e{MIN_EXPONENT}.")
    if len(significant) > MAX_DIGITS:
        raise BadValue(f"The number has {len(significant)} significant digits: DynamoDB holds {MAX_DIGITS}.")


def _plain_or_scientific(significant: str, point: int) -> str:
    if 0 < point <= MAX_DIGITS:
        whole, fraction = significant[:point].ljust(point, "0"), significant[point:]
        return f"{whole}.{fraction}" if fraction else whole
    if -6 < point <= 0:
        return "0." + "0" * -point + significant
    fraction = significant[1:]
    return significant[0] + (f".{fraction}" if fraction else "") + f"E{point - 1}"


def json_number(text: str) -> str:
    """Return JSON number text for DynamoDB's number text. What DynamoDB itself sends is JSON already."""
    return text if _JSON_NUMBER.fullmatch(text) else canonical(text)
