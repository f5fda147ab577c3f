"""Read and write single items, for the service, the function and the commands: no other code does.

The condition of the one write decides, always: a read before it only compares ETags. The transport repeats a write
whose response was lost, and recognises it by the version attribute (dynamodb/ambiguous_writes.py).
"""

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.table import ConditionFailed, TransactionConflict
from picus_api.core.errors import BadValue, ItemExists, ItemNotFound, PreconditionFailed, WriteConflict
from picus_api.core.etag import etag
from picus_api.core.expiry import is_expired
from picus_api.core.keys import KEY, check_key, check_new_key
from picus_api.core.preconditions import (
    ANY,
    ONLY_ABSENT,
    ONLY_PRESENT,
    NotComparable,
    Preconditions,
    is_absent,
    is_present,
    is_unchanged,
)
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode
from picus_api.core.values.merge_patch import apply_merge_patch
from picus_api.core.values.version_attribute import with_version, without_version, write_within_limit

if TYPE_CHECKING:
    from picus_api.core.idempotency import Created

CONFLICT_SECONDS = 10.0
"""How long a patch or a conditional delete tries to write beside other writers of the same item."""


class Written(NamedTuple):
    """An item as it was stored, whether the write created it, and the ETag before the write, as far as it is known."""

    item: AttributeMap
    created: bool
    etag_before: str | None = None


def get(key: str) -> AttributeMap:
    """Return the item as stored, by a strongly consistent read. Raises ItemNotFound, TableUnavailable."""
    check_key(key)
    item = _read(key)
    if item is None:
        raise ItemNotFound(key)
    return item


def create(document: AttributeMap, prefix: str = "") -> AttributeMap:
    """Store a document under a new key that begins with ``prefix``, and return the item as stored.

    A lost response does not make a second item: the transport repeats the same conditional write, and a write that is
    refused by its own item has succeeded. Raises BadValue, ItemTooLarge, TableUnavailable.
    """
    item = new_item(document, prefix)
    try:
        return _put(item, is_absent())
    except ConditionFailed:
        raise ItemExists from None


def create_once(idempotency_key: str, document: AttributeMap, owner: str = "", prefix: str = "") -> "Created":
    """Store a document under a new key, once for all requests of this owner with this Idempotency-Key.

    Returns the key and the ETag of the item that this request or an earlier one stored. Raises IdempotencyKeyReused,
    IdempotencyKeyInUse, IdempotencyTableMissing, BadValue, ItemTooLarge, TableUnavailable.
    """
    from picus_api.core import idempotency  # noqa: PLC0415 - the function, which stores no item, must start fast

    return idempotency.write_once(idempotency_key, owner, new_item(document, prefix), fingerprint=etag(document))


def new_item(document: AttributeMap, prefix: str = "") -> AttributeMap:
    """Return the item to store for a document: a new key, the document and a new version. Raises BadValue."""
    from uuid import uuid4  # noqa: PLC0415 - the function, which stores no item, must start fast

    check_has_no_key(document)
    return {KEY: {"S": f"{prefix}{uuid4()}"}, **with_version(document)}


def check_has_no_key(document: AttributeMap) -> None:
    """Raise BadValue if the document for a new item contains a key."""
    if KEY in document:
        raise BadValue(f"{KEY} is assigned by the service: leave it out.", KEY)


def replace(key: str, document: AttributeMap, preconditions: Preconditions | None = None) -> Written:
    """Store a document as the item with this key, in place of any item that is there.

    The document may repeat the key. Raises PreconditionFailed, InvalidKey, BadValue, ItemTooLarge, TableUnavailable.
    """
    item = {KEY: {"S": key}, **with_version(document_for(key, document))}
    if preconditions is None:
        old: dict[str, Any] = {}

        def write(item: AttributeMap) -> None:
            old.update(decode(table.call("PutItem", Item=item, ReturnValues="ALL_OLD")))

        stored = write_within_limit(item, write)
        replaced = old.get("Attributes")
        if replaced is None or is_expired(replaced):
            return Written(stored, created=True)
        return Written(stored, created=False, etag_before=etag(replaced))
    condition, created, etag_before = _condition(key, preconditions)
    try:
        return Written(_put(item, condition), created, etag_before)
    except ConditionFailed:
        if created:
            raise PreconditionFailed.exists(key) from None
        raise _failed_match(key, preconditions) from None


def patch(key: str, changes: AttributeMap, preconditions: Preconditions | None = None) -> Written:
    """Apply a JSON Merge Patch (RFC 7396) to the item with this key, and return the item as stored.

    Reads, merges, and writes on the condition that the item is unchanged; tries again after another writer's change.
    Raises ItemNotFound, PreconditionFailed, WriteConflict, InvalidKey, BadValue, ItemTooLarge, TableUnavailable.
    """
    changes = document_for(key, changes)
    backoff = Backoff(0.01, 0.25, time.monotonic() + CONFLICT_SECONDS)
    while True:
        try:
            return _patch_once(key, changes, preconditions)
        except ConditionFailed:
            if preconditions is not None and preconditions.match not in (None, ANY):
                raise PreconditionFailed.changed(key) from None
        if not backoff.wait():
            raise WriteConflict.contended(key)


def delete(key: str, preconditions: Preconditions | None = None) -> str | None:
    """Delete the item if the preconditions hold. Needs the right to delete alone.

    Returns the ETag of the deleted item if it is known, because the preconditions name ETags.
    Raises ItemNotFound, PreconditionFailed, WriteConflict, TableUnavailable.
    """
    check_key(key)
    try:
        if preconditions is None or preconditions == ONLY_PRESENT:
            table.call("DeleteItem", Key={KEY: {"S": key}}, **is_present())
            return None
        return _delete_matching(key, preconditions)
    except ConditionFailed:
        if preconditions is None:
            raise ItemNotFound(key) from None
        raise _failed_match(key, preconditions) from None


def _read(key: str) -> AttributeMap | None:
    response: dict[str, AttributeMap] = decode(table.call("GetItem", Key={KEY: {"S": key}}, ConsistentRead=True))
    item = response.get("Item")
    return None if item is None or is_expired(item) else item


def _put(item: AttributeMap, condition: dict[str, Any]) -> AttributeMap:
    """Write the item on a condition, and return it as written. Raises ConditionFailed, ItemTooLarge."""
    return write_within_limit(item, lambda item: table.call("PutItem", Item=item, **condition))


def document_for(key: str, document: AttributeMap) -> AttributeMap:
    """Return the document, or the patch, without the key, which it may repeat. Raises InvalidKey, BadValue."""
    check_new_key(key)
    if document.get(KEY, {"S": key}) != {"S": key}:
        raise BadValue(f"{KEY} is not the key in the path: leave it out.", KEY)
    return {name: value for name, value in document.items() if name != KEY}


def _condition(key: str, preconditions: Preconditions) -> tuple[dict[str, Any], bool, str | None]:
    """Return the condition of a write that meets the preconditions, and what is known of the item before the write.

    That is whether the write creates the item, and else its ETag, or None if it was not read.
    """
    if preconditions == ONLY_ABSENT:
        return is_absent(), True, None
    if preconditions == ONLY_PRESENT:
        return is_present(), False, None
    stored = _read(key)
    preconditions.check(key, stored)
    return _unchanged(key, stored), stored is None, None if stored is None else etag(stored)


def _unchanged(key: str, stored: AttributeMap | None) -> dict[str, Any]:
    try:
        return is_unchanged(stored)
    except NotComparable:
        raise PreconditionFailed.not_comparable(key) from None


def _failed_match(key: str, preconditions: Preconditions) -> PreconditionFailed:
    if preconditions == ONLY_PRESENT:
        return PreconditionFailed.absent(key)
    return PreconditionFailed.changed(key)


def _patch_once(key: str, changes: AttributeMap, preconditions: Preconditions | None) -> Written:
    stored = _read(key)
    if preconditions is not None:
        preconditions.check(key, stored)
    if stored is None:
        raise ItemNotFound(key)
    try:
        condition = is_unchanged(stored)
    except NotComparable:
        error = WriteConflict if preconditions is None else PreconditionFailed
        raise error.not_comparable(key) from None
    patched = apply_merge_patch(without_version(stored), changes)
    return Written(_put({KEY: {"S": key}, **with_version(patched)}, condition), False, etag(stored))


def _delete_matching(key: str, preconditions: Preconditions) -> str:
    """Delete the item if its ETag meets the preconditions, at most once, and return that ETag.

    A DeleteItem that is repeated after a lost response, and finds no item, may be another request's success. DynamoDB
    recognises a transaction by its token. Raises ConditionFailed, and what ``delete`` raises.
    """
    stored = _read_by_refused_delete(key)
    preconditions.check(key, stored)
    if stored is None:
        raise ItemNotFound(key)
    write = {"TableName": table.table_name(), "Key": {KEY: {"S": key}}, **_unchanged(key, stored)}
    backoff = Backoff(0.01, 0.25, time.monotonic() + CONFLICT_SECONDS)
    while True:
        try:
            table.transact(lambda now: [{"Delete": write}])
            return etag(stored)
        except TransactionConflict:
            if not backoff.wait():
                raise WriteConflict.contended(key) from None


def _read_by_refused_delete(key: str) -> AttributeMap | None:
    """Return the item, or None, by a delete on the condition that there is no item: DynamoDB returns the found item.

    An expired item is absent: this deletes it.
    """
    try:
        table.call("DeleteItem", Key={KEY: {"S": key}}, ReturnValuesOnConditionCheckFailure="ALL_OLD", **is_absent())
    except ConditionFailed as failed:
        return failed.found
    return None
