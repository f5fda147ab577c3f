"""The way to read a list: the requests of one access path, and its positions."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from picus_api.core.dynamodb.table_description import Index
from picus_api.core.keys import KEY
from picus_api.core.query.cursor import Position, not_of_this_list
from picus_api.core.query.projection import Fields
from picus_api.core.values.attribute_values import AttributeMap, AttributeValue

TABLE = Index("", KEY, "S")
"""The table as an index: an item under each key."""

_PLACEHOLDER = re.compile(r"[#:][nv]\d+")
_PLACEHOLDERS = ("ExpressionAttributeNames", "ExpressionAttributeValues")


@dataclass(frozen=True)
class AccessPath:
    """The way to read a list: an operation on the table or an index, with its parameters.

    ``name`` is what Picus-Plan says. ``index`` is None for a Scan. ``partition``: the value of the partition key.
    ``fields``: what to select of each item that was read, or None. ``is_empty``: no item can match, so read nothing.
    ``lowest``: the smallest sort key that the list can have, if it has numbers from there on.
    """

    name: str
    operation: str
    parameters: dict[str, Any]
    index: Index | None = None
    partition: AttributeValue | None = None
    fields: Fields | None = None
    is_empty: bool = False
    lowest: AttributeValue | None = None

    @property
    def filtered(self) -> bool:
        """Return True if DynamoDB filters the items that it reads, so that a page may have few or none of them."""
        return "FilterExpression" in self.parameters

    def position(self, item: AttributeMap) -> Position:
        """Return the position after an item that was read by this path, or after a LastEvaluatedKey."""
        key, index = item[KEY]["S"], self.index
        if index is None or index is TABLE:
            return Position(key)
        return Position(key, index.name, None if index.sort_key is None else item[index.sort_key])

    def start(self, position: Position) -> AttributeMap:
        """Return the ExclusiveStartKey of a position. Raises BadParameter for a position in another index."""
        start: AttributeMap = {KEY: {"S": position.key}}
        index = self.index
        if index is None or index is TABLE:
            return start
        if (index.sort_key is None) != (position.sort_value is None) or self.partition is None:
            raise not_of_this_list()
        start[index.partition_key] = self.partition
        return start if index.sort_key is None else {**start, index.sort_key: self._sort_value(position)}

    def _sort_value(self, position: Position) -> AttributeValue:
        """Return the sort key of a position. DynamoDB refuses a start outside the range of a Query.

        It is outside if the item there has expired since: then the list goes on from the end of the range.
        """
        value = position.sort_value or {}
        is_below = self.lowest is not None and Decimal(value.get("N", "0")) < Decimal(self.lowest["N"])
        return self.lowest if is_below and self.lowest is not None else value

    def counting(self) -> dict[str, Any]:
        """Return the parameters with which DynamoDB counts the items, and returns none of them."""
        expressions = {name: text for name, text in self.parameters.items() if name != "ProjectionExpression"}
        return {**without_unused(expressions), "Select": "COUNT"}


WHOLE_TABLE = AccessPath("scan", "Scan", {"ConsistentRead": True})


def without_unused(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the placeholders of their expressions alone."""
    used = set(_PLACEHOLDER.findall(" ".join(text for text in parameters.values() if isinstance(text, str))))
    kept = {
        name: {each: meaning for each, meaning in content.items() if each in used} if name in _PLACEHOLDERS else content
        for name, content in parameters.items()
    }
    return {name: content for name, content in kept.items() if content or name not in _PLACEHOLDERS}
