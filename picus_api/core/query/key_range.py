"""Turn comparisons of a sort key into the one condition that a Query takes on it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import NamedTuple

from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.filters import Comparison, expression_of
from picus_api.core.values.attribute_values import AttributeValue

MAX_SORT_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys"""

_NUMBERS = Context(prec=38, Emin=-130, Emax=125)
_SMALLEST = Decimal("1e-130")
_LAST_CHARACTERS = ((4, "\U0010ffff"), (3, "\uffff"), (2, "\u07ff"), (1, "\x7f"))


class KeyRange(NamedTuple):
    """The comparisons of a sort key, as a Query takes them.

    ``comparisons``: none (the whole partition), one, or two (>= and <=, which become BETWEEN).
    ``holds_all``: True if no value that an index can't hold (another type, an empty text) meets the comparisons.
    ``is_empty``: True if no value meets them.
    """

    comparisons: tuple[Comparison, ...] = ()
    holds_all: bool = False
    is_empty: bool = False

    @property
    def lowest(self) -> AttributeValue | None:
        """Return the smallest number in the range, or None for texts and without a lower bound."""
        low = next(
            (each for each in self.comparisons if each.operator in (">", ">=") and "N" in (each.value or {})), None
        )
        if low is None:
            return None
        text = _text(low) if low.operator == ">=" else number_after(_text(low))
        return None if text is None else {"N": text}

    def expression(self, placeholders: Placeholders) -> str:
        """Return the part of a KeyConditionExpression, or "" for the whole partition."""
        if len(self.comparisons) < 2:
            return "".join(expression_of(comparison, placeholders) for comparison in self.comparisons)
        low, high = (comparison.value or {} for comparison in self.comparisons)
        name = placeholders.path(self.comparisons[0].path)
        return f"{name} BETWEEN {placeholders.value(low)} AND {placeholders.value(high)}"


def key_range(comparisons: Sequence[Comparison], tag: str) -> KeyRange | None:
    """Return the range that comparisons of one sort key of type ``tag`` (S or N) leave; None if a Query can't say it.

    ``:*`` leaves everything, because an index has only items with its keys.
    """
    bounds = [each for each in comparisons if each.operator != ":*"]
    operators = sorted(each.operator for each in bounds)
    if "!=" in operators or not all(_is_key_value(each.value, tag) for each in bounds):
        return None
    holds_all = bool(bounds) and (tag == "N" or any(map(_excludes_empty, bounds)))
    if any(each.operator in ("=", "<", "<=") and each.value == {"S": ""} for each in bounds):
        return None
    # All keys are larger than the empty text, which is no key and which DynamoDB refuses.
    bounds = [each for each in bounds if each.value != {"S": ""}]
    if len(bounds) < 2:
        return KeyRange(tuple(bounds), holds_all)
    if "begins_with" in operators:
        return None
    low = max(_bounds(bounds, ">"), key=lambda each: (_order(each, tag), each.operator == ">"), default=None)
    high = min(_bounds(bounds, "<"), key=lambda each: (_order(each, tag), each.operator == "<="), default=None)
    if low is None or high is None:
        return KeyRange(tuple(filter(None, (low, high))), holds_all)
    return _between(low, high, tag, holds_all)


def _bounds(comparisons: Sequence[Comparison], direction: str) -> list[Comparison]:
    """Return the bounds in one direction, < or >. A comparison by = is a bound in both."""
    either = [each._replace(operator=f"{direction}=") if each.operator == "=" else each for each in comparisons]
    return [each for each in either if each.operator.startswith(direction)]


def _order(comparison: Comparison, tag: str) -> bytes | Decimal:
    return _text(comparison).encode() if tag == "S" else Decimal(_text(comparison))


def _is_key_value(value: AttributeValue | None, tag: str) -> bool:
    return value is not None and tag in value and len(value[tag].encode()) <= MAX_SORT_KEY_BYTES


def _excludes_empty(comparison: Comparison) -> bool:
    """Return True if the empty text does not meet the comparison."""
    return comparison.operator == ">" or (comparison.operator in (">=", "=", "begins_with") and bool(_text(comparison)))


def _between(low: Comparison, high: Comparison, tag: str, holds_all: bool) -> KeyRange | None:
    """Return the range between two bounds. BETWEEN includes both, so an excluded bound becomes its neighbour."""
    start = _text(low) if low.operator == ">=" else (text_after if tag == "S" else number_after)(_text(low))
    end = _text(high) if high.operator == "<=" else (text_before if tag == "S" else number_before)(_text(high))
    if start is None or end is None:
        return None
    is_empty = start.encode() > end.encode() if tag == "S" else Decimal(start) > Decimal(end)
    bounds = (Comparison(low.path, ">=", {tag: start}), Comparison(high.path, "<=", {tag: end}))
    return KeyRange(bounds, holds_all, is_empty)


def _text(comparison: Comparison) -> str:
    """Return the value as the wire form has it."""
    [text] = (comparison.value or {"S": ""}).values()
    return str(text)


def text_after(text: str) -> str | None:
    """Return the smallest sort key that is larger than ``text`` by its UTF-8 bytes, or None."""
    return f"{text}\0" if len(text.encode()) < MAX_SORT_KEY_BYTES else None


def text_before(text: str) -> str | None:
    """Return the largest sort key that is smaller than ``text`` (not empty) by its UTF-8 bytes, or None."""
    head, last = text[:-1], ord(text[-1])
    if last == 0:
        return head or None
    # Between U+D7FF and U+E000 there are surrogates only, which are no characters.
    before = head + chr(0xD7FF if last == 0xE000 else last - 1)
    room = MAX_SORT_KEY_BYTES - len(before.encode())
    for size, character in _LAST_CHARACTERS:
        before += character * (room // size)
        room %= size
    return before


def number_after(text: str) -> str | None:
    """Return the smallest number of DynamoDB that is larger, or None."""
    return _number(_NUMBERS.next_plus(Decimal(text)), away=_SMALLEST)


def number_before(text: str) -> str | None:
    """Return the largest number of DynamoDB that is smaller, or None."""
    return _number(_NUMBERS.next_minus(Decimal(text)), away=-_SMALLEST)


def _number(neighbour: Decimal, away: Decimal) -> str | None:
    """Return a neighbour as text. Between zero and 1e-130 DynamoDB has no numbers: ``away`` is the step's direction."""
    if not neighbour.is_finite():
        return None
    if 0 < abs(neighbour) < _SMALLEST:
        neighbour = Decimal(0) if (neighbour > 0) != (away > 0) else away
    return str(neighbour)
