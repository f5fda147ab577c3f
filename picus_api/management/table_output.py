"""Show items as a table of aligned columns, for people."""

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from picus_api.core.keys import KEY
from picus_api.core.query.columns import parse_columns
from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.core.values.to_csv import value_at
from picus_api.core.values.to_json import json_from_value

_SAMPLE_ITEMS = 1000
"""Columns and widths follow from so many items. They are in memory at once; later items are shown one by one."""
_GAP = 2
_MIN_WIDTH = 5
"""Columns are hidden rather than narrower."""

# Control, format (bidirectional, zero-width), unassigned, private and half characters; line and paragraph separators.
_ESCAPED = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_WITHOUT_WIDTH = frozenset(("Mn", "Me"))


class _Cell(NamedTuple):
    text: str
    is_number: bool = False

    def line_up(self, width: int) -> str:
        """Return the text cut or filled to this width."""
        text = _cut(self.text, width)
        space = " " * (width - display_width(text))
        return space + text if self.is_number else text + space


class Table:
    """The lines of a table.

    ``hidden``: how many columns have no room. ``unseen``: attributes that only items after the sample have.
    """

    def __init__(self, items: Iterable[AttributeMap], fields: str | None, width: int | None) -> None:
        """Read a sample of the items. ``fields``: the columns, or None for all attributes.

        ``width``: of the terminal in characters, or None for any. Raises BadParameter.
        """
        iterator = iter(items)
        sample = list(islice(iterator, _SAMPLE_ITEMS))
        self._items = chain(sample, iterator)
        self._longest = width and 4 * width
        self._has_all = fields is None
        paths = _columns(sample, fields)
        columns = [[self._cell(item, path) for item in sample] for path in paths.values()]
        headers = [_Cell(escape(name), _is_numeric(cells)) for name, cells in zip(paths, columns, strict=True)]
        natural = [_natural_width([header, *cells]) for header, cells in zip(headers, columns, strict=True)]
        shown = len(natural) if width is None else _columns_that_fit(natural, width)
        self._headers, self._paths = headers[:shown], list(paths.values())[:shown]
        self._widths = natural if width is None else _narrowed(natural[:shown], width - _GAP * (shown - 1))
        self._known = {path[0] for path in paths.values()}
        self.hidden = len(natural) - shown
        self.unseen: set[str] = set()

    def lines(self) -> Iterator[str]:
        """Yield the line of the names, and a line for each item."""
        yield self._line(self._headers)
        for item in self._items:
            if self._has_all:
                self.unseen |= item.keys() - self._known
            yield self._line([self._cell(item, path) for path in self._paths])

    def _line(self, cells: Sequence[_Cell]) -> str:
        gap = " " * _GAP
        return gap.join(cell.line_up(width) for cell, width in zip(cells, self._widths, strict=True)).rstrip(" ")

    def _cell(self, item: AttributeMap, path: tuple[str, ...]) -> _Cell:
        value = value_at(item, path)
        return _Cell("") if value is None else _Cell(escape(_text(value)[: self._longest]), "N" in value)


def terminal_width() -> int | None:
    """Return the width of the terminal on standard output in characters, or None if it is a file or a pipe."""
    is_known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return shutil.get_terminal_size().columns if is_known else None


def escape(text: str) -> str:
    """Return the text with JSON escapes for what a terminal does not show, or obeys."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        json.dumps(character)[1:-1] if unicodedata.category(character) in _ESCAPED else character for character in text
    )


def display_width(text: str) -> int:
    """Return how many columns of a terminal an escaped text takes. Characters of East Asia and emoji take two."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in _WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(text: str, width: int) -> str:
    """Return the text, or its beginning and an ellipsis if it is wider."""
    if display_width(text) <= width:
        return text
    left = width - 1
    for position, character in enumerate(text):
        left -= _character_width(character)
        if left < 0:
            return text[:position] + "…"
    return text


def _columns(sample: Iterable[AttributeMap], fields: str | None) -> dict[str, tuple[str, ...]]:
    """Return the paths of the columns by their names: the key first, unless the fields place it elsewhere."""
    if fields is None:
        names = dict.fromkeys((KEY, *(name for item in sample for name in item)))
        return {name: (name,) for name in names}
    chosen = parse_columns(fields)
    return chosen if (KEY,) in chosen.values() else {KEY: (KEY,), **chosen}


def _text(value: AttributeValue) -> str:
    [(tag, content)] = value.items()
    return content if tag == "S" else json_from_value(value).decode()


def _is_numeric(cells: Sequence[_Cell]) -> bool:
    return any(cell.is_number for cell in cells) and all(cell.is_number or not cell.text for cell in cells)


def _natural_width(cells: Iterable[_Cell]) -> int:
    return max(display_width(cell.text) for cell in cells) or 1


def _columns_that_fit(natural: Sequence[int], width: int) -> int:
    """Return how many columns have room if the wide ones become narrow; at least one."""
    used = -_GAP
    for index, each in enumerate(natural):
        used += min(each, _MIN_WIDTH) + _GAP
        if used > width:
            return max(1, index)
    return len(natural)


def _narrowed(natural: Sequence[int], room: int) -> list[int]:
    """Return the widths of columns that fit into the room: all wide columns become equally narrow."""
    cap = max(room, 1)
    while cap > 1 and sum(min(each, cap) for each in natural) > room:
        cap -= 1
    return [min(each, cap) for each in natural]
