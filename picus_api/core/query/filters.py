"""Compile the filter language to DynamoDB's FilterExpression.

The language is a part of Google's AIP-160 (https://google.aip.dev/160) with JSON values; see docs/filtering.md.

    filter     = term {"AND" term} | term {"OR" term}
    term       = ["NOT"] (comparison | "(" filter ")")
    comparison = path operator value | path ":*" | "begins_with" "(" path "," text ")"
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from picus_api.core.keys import KEY
from picus_api.core.query.expressions import MAX_EXPRESSION_BYTES, AttributePath, Placeholders, Reader
from picus_api.core.values.attribute_values import AttributeValue
from picus_api.core.values.version_attribute import VERSION

# DynamoDB takes 300 operators, and a comparison may need five: itself, two in "!=", NOT, AND.
MAX_COMPARISONS = 50
MAX_NESTING = 20

_OPERATOR = re.compile(r"<=|>=|!=|=|<|>")
_JOINER = re.compile(r"(?:AND|OR)(?![\w-])")
_NOT = re.compile(r"NOT(?![\w-])")
_BEGINS_WITH = re.compile(r"begins_with[ \t]*\(")
_OPEN, _CLOSE, _COMMA = re.compile(r"\("), re.compile(r"\)"), re.compile(",")
_PRESENT = re.compile(r":[ \t]*\*")
_ORDERED = ("S", "N")


class Comparison(NamedTuple):
    """One comparison. ``operator``: =, !=, <, <=, >, >=, begins_with, or :* (the attribute exists), without a value."""

    path: AttributePath
    operator: str
    value: AttributeValue | None


class Condition(NamedTuple):
    """A condition that items must meet, beside others: an expression, which binds tighter than AND and OR.

    ``names`` are the attributes of the top level that it mentions. ``comparison`` is None for a condition of several
    comparisons, or with NOT. ``if_number``, of a condition that all items meet whose attribute is no number: the
    comparison that says the same of numbers.
    """

    expression: str
    names: frozenset[str]
    comparison: Comparison | None = None
    if_number: Comparison | None = None


def compile_filter(text: str, placeholders: Placeholders) -> str:
    """Return the FilterExpression of a filter; add its names and values to the placeholders. Raises BadParameter."""
    return join_conditions(parse_filter(text, placeholders))


def parse_filter(text: str, placeholders: Placeholders) -> list[Condition]:
    """Return the conditions that a filter joins by AND, or its only condition. Raises BadParameter."""
    compiler = _Compiler(Reader("filter", text), placeholders)
    conditions = compiler.filter(0)
    if not compiler.reader.at_end():
        compiler.reader.fail("AND, OR or the end is expected here.")
    if len(join_conditions(conditions)) > MAX_EXPRESSION_BYTES:
        compiler.reader.fail("the filter is too long for DynamoDB.", 0)
    return conditions


def join_conditions(conditions: Iterable[Condition]) -> str:
    """Return the expression that is true if all conditions are."""
    return " AND ".join(condition.expression for condition in conditions)


def key_begins_with(prefix: str, placeholders: Placeholders) -> Condition:
    """Return the condition that the key of an item begins with the prefix."""
    comparison = Comparison((KEY,), "begins_with", {"S": prefix})
    return Condition(expression_of(comparison, placeholders), frozenset([KEY]), comparison)


class _Compiler:
    """A recursive descent. It writes brackets only where they are needed: DynamoDB refuses redundant ones."""

    def __init__(self, reader: Reader, placeholders: Placeholders) -> None:
        self.reader = reader
        self.placeholders = placeholders
        self.comparisons = 0

    def filter(self, depth: int) -> list[Condition]:
        terms = [self.term(depth)]
        joiner = ""
        while word := self._joiner():
            if joiner and word != joiner:
                self.reader.fail("AND and OR side by side need parentheses.")
            self.reader.take(_JOINER)
            joiner = word
            terms.append(self.term(depth))
        if joiner != "OR":
            return [condition for term in terms for condition in term]
        expression = " OR ".join(map(_bracketed, terms))
        return [Condition(f"({expression})", frozenset().union(*map(_names, terms)))]

    def _joiner(self) -> str:
        match = _JOINER.match(self.reader.text, self.reader.at)
        return match[0] if match else ""

    def term(self, depth: int) -> list[Condition]:
        negated = False
        while self.reader.take(_NOT):
            negated = not negated
        inner = self._group(depth + 1) if self.reader.take(_OPEN) else [self.comparison()]
        return [Condition(f"NOT {_bracketed(inner)}", _names(inner))] if negated else inner

    def _group(self, depth: int) -> list[Condition]:
        if depth > MAX_NESTING:
            self.reader.fail(f"parentheses can have at most {MAX_NESTING} levels.", self.reader.at - 1)
        inner = self.filter(depth)
        if not self.reader.take(_CLOSE):
            self.reader.fail('AND, OR or ")" is expected here.')
        return inner

    def comparison(self) -> Condition:
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            self.reader.fail(f"a filter can have at most {MAX_COMPARISONS} comparisons.")
        if self.reader.take(_BEGINS_WITH):
            return self._begins_with()
        path = self._path()
        if self.reader.take(_PRESENT):
            return self._condition(path, ":*", None)
        operator = self.reader.take(_OPERATOR)
        if operator is None:
            self.reader.fail("one of = != < <= > >= :* is expected here.")
        return self._condition(path, operator, self._operand(operator))

    def _condition(self, path: AttributePath, operator: str, value: AttributeValue | None) -> Condition:
        comparison = Comparison(path, operator, value)
        return Condition(expression_of(comparison, self.placeholders), frozenset(path[:1]), comparison)

    def _path(self) -> AttributePath:
        start = self.reader.at
        path = self.reader.path()
        if path[0] == VERSION:
            self.reader.fail(f"{VERSION} is kept for the service's own versions.", start)
        return path

    def _operand(self, operator: str) -> AttributeValue:
        start = self.reader.at
        value: AttributeValue = self.reader.value()
        if operator in ("<", "<=", ">", ">=") and not any(tag in value for tag in _ORDERED):
            self.reader.fail(f"{operator} compares texts and numbers only.", start)
        return value

    def _begins_with(self) -> Condition:
        path = self._path()
        if not self.reader.take(_COMMA):
            self.reader.fail("a comma and a text are expected here.")
        start = self.reader.at
        value = self.reader.value()
        if "S" not in value:
            self.reader.fail("begins_with takes a text in double quotes.", start)
        if not self.reader.take(_CLOSE):
            self.reader.fail('")" is expected here.')
        return self._condition(path, "begins_with", value)


def expression_of(comparison: Comparison, placeholders: Placeholders) -> str:
    """Return the comparison in DynamoDB's notation, and add its name and value to the placeholders."""
    path = placeholders.path(comparison.path)
    if comparison.value is None:
        return f"attribute_exists({path})"
    value = placeholders.value(comparison.value)
    if comparison.operator == "begins_with":
        return f"begins_with({path}, {value})"
    if comparison.operator == "!=":
        # DynamoDB's <> is true for an attribute that the item does not have.
        return f"(attribute_exists({path}) AND {path} <> {value})"
    return f"{path} {comparison.operator} {value}"


def _bracketed(conditions: list[Condition]) -> str:
    expression = join_conditions(conditions)
    return f"({expression})" if len(conditions) > 1 else expression


def _names(conditions: list[Condition]) -> frozenset[str]:
    return frozenset().union(*(condition.names for condition in conditions))
