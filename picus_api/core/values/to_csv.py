"""Write items as CSV (RFC 4180): UTF-8, CRLF, numbers exactly.

A cell has the text of a string, DynamoDB's digits of a number, the base64 of binary, and JSON for all other values. An
attribute that the item does not have is an empty cell, and an empty string is ``""``.

Spreadsheets evaluate cells that begin like a formula. Such a string gets an apostrophe in front (see
https://owasp.org/www-community/attacks/CSV_Injection); a string that has apostrophes there already gets one more. So
nothing is lost: to read the string, remove one apostrophe from each cell that matches
``^'+[=+\\-@\\t\\r\\n＝＋－＠]``. Numbers such as -5 are never changed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.core.values.numbers import json_number
from picus_api.core.values.to_json import binary_text, json_from_value

LINE_END = b"\r\n"

_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
# Semicolons and tabs separate cells in some countries' spreadsheets, and some readers trim spaces.
_TO_QUOTE = re.compile('["\r\n,;\t]|^ | $')


def csv_header(columns: Iterable[str]) -> bytes:
    """Return the first row, with its line end."""
    return ",".join(map(_text_cell, columns)).encode() + LINE_END


def csv_row(paths: Sequence[tuple[str, ...]], item: AttributeMap) -> bytes:
    """Return the row of an item, without its line end: a cell for each path."""
    row = ",".join([_cell(value_at(item, path)) for path in paths])
    # An empty line would be no row for most readers.
    return row.encode() or b'""'


def csv_rows(paths: Sequence[tuple[str, ...]], items: Iterable[AttributeMap]) -> bytes:
    """Return the rows of the items, each with its line end."""
    return b"".join([csv_row(paths, item) + LINE_END for item in items])


def value_at(item: AttributeMap, path: tuple[str, ...]) -> AttributeValue | None:
    """Return the value at a path of names, or None if the item has none."""
    value: AttributeValue | None = item.get(path[0])
    for name in path[1:]:
        if value is None:
            return None
        value = value.get("M", {}).get(name)
    return value


def _cell(value: AttributeValue | None) -> str:
    if value is None:
        return ""
    [(tag, content)] = value.items()
    convert = _CONVERTERS.get(tag)
    return convert(content) if convert else _quoted(json_from_value(value).decode())


def _text_cell(text: str) -> str:
    return _quoted("'" + text if _FORMULA.match(text) else text) or '""'


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text


_CONVERTERS: dict[str, Callable[[Any], str]] = {
    "S": _text_cell,
    "N": json_number,
    "B": lambda content: _text_cell(binary_text(content)),
}
