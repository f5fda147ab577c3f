"""Show the items of a page as a table: the names they have, the chosen columns, and a cell for each value."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from picus_api.core.keys import KEY
from picus_api.core.query.columns import parse_columns
from picus_api.core.query.expressions import AttributePath
from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.core.values.to_json import json_from_value
from picus_api.pretty_json import escape_bidi, escape_key

CELL_CHARACTERS = 100
WHOLE_CHARACTERS = 4000
"""Characters of a value that a cell shows on demand; the page of the item has the rest."""
MAX_NAMES = 200
MAX_NAME_LEVELS = 3

_WORD = re.compile(r"(?!NOT\Z)[\w-]+")
_KINDS = {"S": "text", "N": "number", "BOOL": "word", "NULL": "word", "B": "text"}
# The words for JSON's types, as the filter builder offers them.
_TYPES = {"S": "text", "N": "number", "BOOL": "boolean", "NULL": "null", "B": "text", "M": "object"}
_LIKE_JSON = re.compile(r'true|false|null|-?[0-9][0-9.eE+-]*|["\[{].*', re.DOTALL)


class Name(NamedTuple):
    """An attribute path as filters and ``fields`` write it, and the JSON types of its values on a page."""

    path: str
    types: str
    chosen: bool


class Column(NamedTuple):
    """A chosen column: its path as text, and as the steps to the value."""

    path: str
    steps: AttributePath


class Cell(NamedTuple):
    """A value in a table: its kind, a short text, and the longer text on demand ("" if the short text is all)."""

    kind: str
    text: str = ""
    whole: str = ""
    is_cut: bool = False


def chosen_columns(fields: str | None) -> list[Column]:
    """Return the columns that the parameter ``fields`` asks for. The key has a column in any case."""
    paths = dict.fromkeys(parse_columns(fields).values()) if fields else ()
    return [Column(path_text(path), path) for path in paths if path != (KEY,)]


def names_of(items: Iterable[AttributeMap], columns: Iterable[Column]) -> list[Name]:
    """Return the names that items or columns have, in the order of the alphabet."""
    chosen = {column.path for column in columns}
    types: dict[str, set[str]] = defaultdict(set, {path: set() for path in chosen})
    for path, value in chain.from_iterable(map(_paths, items)):
        text = path_text(path)
        if text != KEY and (len(types) < MAX_NAMES or text in types):
            types[text].update(_TYPES.get(tag, "array") for tag in value)
    return [Name(path, " ".join(sorted(found)), path in chosen) for path, found in sorted(types.items())]


def cells_of(item: AttributeMap, columns: Iterable[Column]) -> list[Cell]:
    """Return a cell for each column."""
    return [_cell(_value_at(item, column.steps)) for column in columns]


def path_text(path: AttributePath) -> str:
    """Return a path as filters and ``fields`` write it."""
    return ".".join(name if _WORD.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in path)


def _paths(attributes: AttributeMap, *parents: str) -> Iterator[tuple[AttributePath, AttributeValue]]:
    for name, value in attributes.items():
        yield (*parents, name), value
        if "M" in value and len(parents) + 1 < MAX_NAME_LEVELS:
            yield from _paths(value["M"], *parents, name)


def _value_at(item: AttributeMap, steps: AttributePath) -> AttributeValue | None:
    members, value = item, None
    for step in steps:
        value = members.get(step)
        members = (value or {}).get("M", {})
    return value


def _cell(value: AttributeValue | None) -> Cell:
    if value is None:
        return Cell("absent")
    [(tag, content)] = value.items()
    kind = _KINDS.get(tag, "json-value")
    # A text that reads like another JSON value, or has no visible character, is shown in quotes.
    is_plain = tag == "S" and not _LIKE_JSON.fullmatch(content)
    text = escape_key(content) if is_plain else escape_bidi(json_from_value(value).decode())
    if len(text) <= CELL_CHARACTERS:
        return Cell(kind, text)
    return Cell(kind, text[:CELL_CHARACTERS], text[:WHOLE_CHARACTERS], len(text) > WHOLE_CHARACTERS)
