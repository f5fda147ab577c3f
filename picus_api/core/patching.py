"""Patches: read, merge, write on the condition that nobody else wrote meanwhile, and again when somebody did."""

from picus_api.core import messages, table, writes
from picus_api.core.attributes import AttributeMap
from picus_api.core.contention import Contended, Patience
from picus_api.core.merge_patch import merged
from picus_api.core.preconditions import ANY, NotComparable, PreconditionFailed, Preconditions, is_unchanged
from picus_api.core.table import KEY, ItemConflict, ItemNotFound
from picus_api.core.versions import stamped, visible


def patch(key: str, changes: AttributeMap, wanted: Preconditions | None) -> AttributeMap:
    """Apply a merge patch to an item; the item as it was stored then.

    Raises ItemNotFound, PreconditionFailed, Contended, BadValue, ItemTooLarge, TableUnavailable.
    """
    patience = Patience()
    while True:
        try:
            return _attempt(key, changes, wanted)
        except ItemConflict:
            if wanted is not None and wanted.match not in (None, ANY):
                raise PreconditionFailed(messages.changed(key)) from None
        patience.wait(messages.contended(key))


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
        raise (Contended(sentence) if wanted is None else PreconditionFailed(sentence)) from None
    item = {KEY: {"S": key}, **stamped(merged(visible(stored), changes))}
    writes.put(item, condition)
    return item
