"""Compile the filter language to DynamoDB's FilterExpression.

The language is a part of Google's AIP-160 (https://google.aip.dev/160) with JSON values; see docs/filtering.md.

    filter     = term {"AND" term} | term {"OR" term}
    term       = ["NOT"] (comparison | "(" filter ")")
    comparison = path operator value | path ":*" | "begins_with" "(" path "," text ")"
"""

import re

from picus_api.core.keys import KEY
from picus_api.core.query.expressions import MAX_EXPRESSION_BYTES, Placeholders, Reader
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


def compile_filter(text: str, placeholders: Placeholders, prefix: str = "") -> str:
    """Return the FilterExpression of a filter, for items whose key begins with ``prefix``.

    Adds its names and values to the placeholders. Raises BadParameter.
    """
    compiler = _Compiler(Reader("filter", text), placeholders)
    expression = compiler.filter(0)
    if not compiler.reader.at_end():
        compiler.reader.fail("AND, OR or the end is expected here.")
    if prefix:
        grouped = expression if expression.startswith("(") and _spans(expression) else f"({expression})"
        expression = f"{key_begins_with(prefix, placeholders)} AND {grouped}"
    if len(expression) > MAX_EXPRESSION_BYTES:
        compiler.reader.fail("the filter is too long for DynamoDB.", 0)
    return expression


def key_begins_with(prefix: str, placeholders: Placeholders) -> str:
    """Return the expression that is true for items whose key begins with the prefix."""
    return f"begins_with({placeholders.path((KEY,))}, {placeholders.value({'S': prefix})})"


class _Compiler:
    """A recursive descent. It writes brackets only where they are needed: DynamoDB refuses redundant ones."""

    def __init__(self, reader: Reader, placeholders: Placeholders) -> None:
        self.reader = reader
        self.placeholders = placeholders
        self.comparisons = 0

    def filter(self, depth: int) -> str:
        terms = [self.term(depth)]
        joiner = ""
        while word := self._joiner():
            if joiner and word != joiner:
                self.reader.fail("AND and OR side by side need parentheses.")
            self.reader.take(_JOINER)
            joiner = word
            terms.append(self.term(depth))
        return f" {joiner} ".join(terms)

    def _joiner(self) -> str:
        match = _JOINER.match(self.reader.text, self.reader.at)
        return match[0] if match else ""

    def term(self, depth: int) -> str:
        negated = False
        while self.reader.take(_NOT):
            negated = not negated
        inner = self._group(depth + 1) if self.reader.take(_OPEN) else self.comparison()
        return f"NOT {inner}" if negated else inner

    def _group(self, depth: int) -> str:
        if depth > MAX_NESTING:
            self.reader.fail(f"parentheses can have at most {MAX_NESTING} levels.", self.reader.at - 1)
        inner = self.filter(depth)
        if not self.reader.take(_CLOSE):
            self.reader.fail('AND, OR or ")" is expected here.')
        return inner if inner.startswith("(") and _spans(inner) else f"({inner})"

    def comparison(self) -> str:
        self.comparisons += 1
        if self.comparisons > MAX_COMPARISONS:
            self.reader.fail(f"a filter can have at most {MAX_COMPARISONS} comparisons.")
        if self.reader.take(_BEGINS_WITH):
            return self._begins_with()
        path = self._path()
        if self.reader.take(_PRESENT):
            return f"attribute_exists({path})"
        operator = self.reader.take(_OPERATOR)
        if operator is None:
            self.reader.fail("one of = != < <= > >= :* is expected here.")
        value = self._operand(operator)
        # DynamoDB's <> is true for an attribute that the item does not have.
        return f"(attribute_exists({path}) AND {path} <> {value})" if operator == "!=" else f"{path} {operator} {value}"

    def _path(self) -> str:
        start = self.reader.at
        path = self.reader.path()
        if path[0] == VERSION:
            self.reader.fail(f"{VERSION} is kept for the service's own versions.", start)
        return self.placeholders.path(path)

    def _operand(self, operator: str) -> str:
        start = self.reader.at
        value: AttributeValue = self.reader.value()
        if operator in ("<", "<=", ">", ">=") and not any(tag in value for tag in _ORDERED):
            self.reader.fail(f"{operator} compares texts and numbers only.", start)
        return self.placeholders.value(value)

    def _begins_with(self) -> str:
        path = self._path()
        if not self.reader.take(_COMMA):
            self.reader.fail("a comma and a text are expected here.")
        start = self.reader.at
        value = self.reader.value()
        if "S" not in value:
            self.reader.fail("begins_with takes a text in double quotes.", start)
        if not self.reader.take(_CLOSE):
            self.reader.fail('")" is expected here.')
        return f"begins_with({path}, {self.placeholders.value(value)})"


def _spans(expression: str) -> bool:
    """Return True if the first bracket closes at the very end. Placeholders hold no brackets."""
    depth = 0
    for position, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(expression) - 1
    return False
