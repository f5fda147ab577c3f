"""Patches: read, merge, write on the condition that nobody else wrote meanwhile, and again when somebody did."""

import random
import time

from picus_api.core import messages, table, writes
from picus_api.core.attributes import AttributeMap
from picus_api.core.merge_patch import merged
from picus_api.core.preconditions import ANY, NotComparable, PreconditionFailed, Preconditions, is_unchanged
from picus_api.core.table import KEY, ItemConflict, ItemNotFound
from picus_api.core.versions import stamped, visible

PATIENCE_SECONDS = 10.0
SHORTEST_WAIT, LONGEST_WAIT = 0.01, 0.25


class Contended(Exception):
    """The patch can't be applied beside what others do to the item."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def patch(key: str, changes: AttributeMap, wanted: Preconditions | None) -> AttributeMap:
    """Apply a merge patch to an item; the item as it was stored then.

    Raises ItemNotFound, PreconditionFailed, Contended, BadValue, ItemTooLarge, TableUnavailable.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    longest = SHORTEST_WAIT
    while True:
        try:
            return _attempt(key, changes, wanted)
        except ItemConflict:
            _check_worth_another(key, wanted, deadline)
        # Those who met here must not meet again ("full jitter").
        time.sleep(random.random() * longest)  # noqa: S311 - no secret
        longest = min(LONGEST_WAIT, longest * 2)


def _attempt(key: str, changes: AttributeMap, wanted: Preconditions | None) -> AttributeMap:
    stored = table.read(key)
    if wanted is not None:
        wanted.check(key, stored)
    if stored is None:
        raise ItemNotFound(key)
    try:
        condition = is_unchanged(stored)
    except NotComparable:
        sentence = messages.not_comparable(key)
        raise Contended(sentence) if wanted is None else PreconditionFailed(sentence) from None
    item = {KEY: {"S": key}, **stamped(merged(visible(stored), changes))}
    writes.put(item, condition)
    return item


def _check_worth_another(key: str, wanted: Preconditions | None, deadline: float) -> None:
    """Raise PreconditionFailed when the version that was wanted is gone, Contended when time is up."""
    if wanted is not None and wanted.match not in (None, ANY):
        raise PreconditionFailed(messages.changed(key)) from None
    if time.monotonic() > deadline:
        raise Contended(messages.contended(key)) from None
