"""Compile the parameter ``fields`` to DynamoDB's ProjectionExpression, and apply it to items that were read whole."""

import re
from typing import Any, NamedTuple

from picus_api.core.keys import KEY
from picus_api.core.query.expressions import MAX_EXPRESSION_BYTES, AttributePath, Placeholders, Reader
from picus_api.core.values.attribute_values import AttributeMap

_COMMA = re.compile(",")


class Fields(NamedTuple):
    """The attributes that a list shows: the parameter's text, and its paths with the key."""

    text: str
    paths: frozenset[AttributePath]

    @property
    def names(self) -> frozenset[str]:
        """Return the attributes of the top level that the paths lead into."""
        return frozenset(path[0] for path in self.paths)

    def expression(self, placeholders: Placeholders, *needed: str) -> str:
        """Return the ProjectionExpression of these paths, and of ``needed`` attributes. Raises BadParameter."""
        expression = ", ".join(map(placeholders.path, _outermost(self.paths | {(name,) for name in needed})))
        if len(expression) > MAX_EXPRESSION_BYTES:
            Reader("fields", self.text).fail("there are too many fields for DynamoDB.", 0)
        return expression

    def select(self, item: AttributeMap) -> AttributeMap:
        """Return what a ProjectionExpression of these paths returns of an item."""
        tree: dict[str, Any] = {}
        for path in _outermost(self.paths):
            branch = tree
            for name in path:
                branch = branch.setdefault(name, {})
        return _select(item, tree)


def parse_fields(text: str) -> Fields:
    """Return the fields of ``a,b.c``, and the key. Raises BadParameter."""
    reader = Reader("fields", text)
    paths = {(KEY,), reader.path()}
    while reader.take(_COMMA):
        paths.add(reader.path())
    if not reader.at_end():
        reader.fail("a comma or the end is expected here.")
    return Fields(text, frozenset(paths))


def compile_fields(text: str, placeholders: Placeholders) -> str:
    """Return the ProjectionExpression of ``a,b.c``, to which the key is added. Raises BadParameter."""
    return parse_fields(text).expression(placeholders)


def _outermost(paths: frozenset[AttributePath]) -> list[AttributePath]:
    """Return the paths without those inside others, which DynamoDB refuses."""
    return sorted(path for path in paths if not any(path[:length] in paths for length in range(1, len(path))))


def _select(members: AttributeMap, tree: dict[str, Any]) -> AttributeMap:
    found: AttributeMap = {}
    for name in tree.keys() & members.keys():
        value, inner = members[name], tree[name]
        if not inner:
            found[name] = value
        elif "M" in value and (selected := _select(value["M"], inner)):
            found[name] = {"M": selected}
    return found
