"""Writes of one item under a key that is known, with the preconditions that the client has.

What decides is always the condition of the one write: the reads before it only compare ETags. A write whose answer was
lost is repeated by the transport, which knows it by its version (dynamodb/outcomes.py).
"""

import json
from typing import Any, NamedTuple

from picus_api.core import messages, table
from picus_api.core.attributes import AttributeMap
from picus_api.core.preconditions import (
    ONLY_ABSENT,
    ONLY_PRESENT,
    NotComparable,
    PreconditionFailed,
    Preconditions,
    is_absent,
    is_present,
    is_unchanged,
)
from picus_api.core.table import KEY, ItemConflict, ItemNotFound
from picus_api.core.versions import stamped


class Written(NamedTuple):
    """An item as it was stored, and whether there was none before."""

    item: AttributeMap
    created: bool


def replace(key: str, document: AttributeMap, wanted: Preconditions | None) -> Written:
    """Store a document under a key, in place of whatever is there.

    Raises PreconditionFailed, BadValue, ItemTooLarge, TableUnavailable.
    """
    item = {KEY: {"S": key}, **stamped(document)}
    if wanted is None:
        return Written(item, created="Attributes" not in put(item, {"ReturnValues": "ALL_OLD"}))
    condition, created = _condition(key, wanted)
    try:
        put(item, condition)
    except ItemConflict:
        sentence = messages.not_there if wanted == ONLY_PRESENT else messages.changed
        raise PreconditionFailed(messages.there_already(key) if created else sentence(key)) from None
    return Written(item, created)


def remove(key: str, wanted: Preconditions) -> None:
    """Delete an item that is as it is wanted. Raises ItemNotFound, PreconditionFailed, TableUnavailable."""
    table.check_key(key)
    condition = is_present()
    if wanted != ONLY_PRESENT:
        stored = _peek(key)
        wanted.check(key, stored)
        if stored is None:
            raise ItemNotFound(key)
        condition = _guard(key, stored)
    try:
        table.call("DeleteItem", Key={KEY: {"S": key}}, **condition)
    except ItemConflict:
        raise PreconditionFailed(messages.not_there(key) if wanted == ONLY_PRESENT else messages.changed(key)) from None


def put(item: AttributeMap, parameters: dict[str, Any]) -> dict[str, Any]:
    """Write an item as it is; DynamoDB's answer. Raises ItemConflict, ItemTooLarge, TableUnavailable."""
    answer: dict[str, Any] = json.loads(table.call("PutItem", Item=item, **parameters))
    return answer


def _condition(key: str, wanted: Preconditions) -> tuple[dict[str, Any], bool]:
    """The condition under which the write does what is wanted, and whether it then creates the item."""
    if wanted == ONLY_ABSENT:
        return is_absent(), True
    if wanted == ONLY_PRESENT:
        return is_present(), False
    stored = table.read(key)
    wanted.check(key, stored)
    return _guard(key, stored), stored is None


def _guard(key: str, stored: AttributeMap | None) -> dict[str, Any]:
    try:
        return is_unchanged(stored)
    except NotComparable:
        raise PreconditionFailed(messages.not_comparable(key)) from None


def _peek(key: str) -> AttributeMap | None:
    """The item, by the right to delete alone: a delete on condition that there is nothing tells what there is."""
    try:
        table.call("DeleteItem", Key={KEY: {"S": key}}, ReturnValuesOnConditionCheckFailure="ALL_OLD", **is_absent())
    except ItemConflict as conflict:
        return conflict.found
    return None
