"""The Idempotency-Key header: items that are stored once, however often a request is sent.

A record of the key is written together with the item, in one transaction, so that DynamoDB decides which request is
first: between threads, processes and hosts. Records live in the idempotency table, beside the item table, so that lists
and other programs that read items never see them. DynamoDB's TTL removes a record after a day.

The header: draft-ietf-httpapi-idempotency-key-header-07, a String of RFC 9651.
"""

import os
import re
import time
from hashlib import sha256
from typing import Any, NamedTuple

from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.table import ConditionFailed, TransactionConflict
from picus_api.core.errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    IdempotencyTableMissing,
    InvalidHeader,
    ItemExists,
    TableMissing,
)
from picus_api.core.etag import etag
from picus_api.core.keys import KEY
from picus_api.core.preconditions import is_absent
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.version_attribute import write_within_limit

RECORD_KEY, EXPIRES_AT = "idempotency_key", "expires_at"
LIFETIME_SECONDS = 24 * 3600
MAX_KEY_LENGTH = 255
REPLAYED = "Idempotent-Replayed"
"""The header field of a response to a repetition."""
WAIT_SECONDS = 10.0
"""How long a request waits for another one with the same key that is in progress."""

_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
# Without quotes the value is not a String, but many clients send it so: their documentation is older than the draft.
_BARE = re.compile(r"[A-Za-z0-9._~:/+=-]+")


class Created(NamedTuple):
    """The item of the Idempotency-Key, stored by this request (``is_new``) or by an earlier one.

    ``item``: the item as this request stored it.
    """

    object_id: str
    etag: str
    is_new: bool = True
    item: AttributeMap | None = None


def parse_idempotency_key(field: str) -> str:
    """Return the key in the header field. Raises InvalidHeader when it is malformed, empty or too long."""
    field = field.strip(" \t")
    quoted = _STRING.fullmatch(field)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else field
    if not quoted and not _BARE.fullmatch(field):
        raise InvalidHeader('The Idempotency-Key header is malformed: send one string in quotes, such as "a-uuid".')
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidHeader(f"The Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters.")
    return key


def idempotency_table_name() -> str:
    """Return the name of the idempotency table. Raises SettingError."""
    return os.environ.get("DYNAMODB_IDEMPOTENCY_TABLE_NAME") or default_idempotency_table(table.table_name())


def default_idempotency_table(item_table: str) -> str:
    """Return the name of the idempotency table beside an item table; ecs/ has the same rule."""
    return f"{item_table}_idempotency"


def write_once(idempotency_key: str, owner: str, item: AttributeMap, fingerprint: str) -> Created:
    """Store a new item unless the key was used already, and return the item of the key.

    ``owner``: whose key it is, "" for all anonymous clients: a token never meets the records of another one.
    ``fingerprint`` is equal for equal documents. Raises IdempotencyKeyReused, IdempotencyKeyInUse, ItemTooLarge,
    IdempotencyTableMissing, TableUnavailable.
    """
    backoff = Backoff(0.01, 0.25, time.monotonic() + WAIT_SECONDS)
    # A key has no NUL. Records of anonymous clients keep the form that they had before there were tokens.
    record_key = f"{owner}\0{idempotency_key}" if owner else idempotency_key
    while True:
        try:
            stored = write_within_limit(item, lambda item: _write(_record(record_key, fingerprint, item), item))
            return Created(stored[KEY]["S"], etag(stored), item=stored)
        except _KeyUsed as used:
            if used.record["fingerprint"] != {"S": fingerprint}:
                raise IdempotencyKeyReused from None
            return Created(used.record[KEY]["S"], used.record["etag"]["S"], is_new=False)
        except TransactionConflict:
            if not backoff.wait():
                raise IdempotencyKeyInUse from None


class _KeyUsed(Exception):
    def __init__(self, record: AttributeMap) -> None:
        super().__init__()
        self.record = record


def _record(record_key: str, fingerprint: str, item: AttributeMap) -> AttributeMap:
    return {
        RECORD_KEY: {"S": sha256(record_key.encode()).hexdigest()},
        "fingerprint": {"S": fingerprint},
        KEY: item[KEY],
        "etag": {"S": etag(item)},
    }


def _write(record: AttributeMap, item: AttributeMap) -> None:
    try:
        table.transact(lambda now: [_put_record(record, now), _put_item(item)])
    except ConditionFailed as failed:
        if failed.found is None:
            raise ItemExists from None
        raise _KeyUsed(failed.found) from failed
    except TableMissing as error:
        raise IdempotencyTableMissing(f"{table.table_name()} and {idempotency_table_name()}") from error.__cause__


def _put_record(record: AttributeMap, now: int) -> dict[str, Any]:
    """Return the write of a record at a time of DynamoDB's clock. This machine's clock may be wrong by days."""
    # DynamoDB removes an expired record within days, not at once: until then the record counts as gone.
    write = {
        "TableName": idempotency_table_name(),
        "Item": {**record, EXPIRES_AT: {"N": str(now + LIFETIME_SECONDS)}},
        "ConditionExpression": "attribute_not_exists(#k) OR #e < :now",
        "ExpressionAttributeNames": {"#k": RECORD_KEY, "#e": EXPIRES_AT},
        "ExpressionAttributeValues": {":now": {"N": str(now)}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"Put": write}


def _put_item(item: AttributeMap) -> dict[str, Any]:
    return {"Put": {"TableName": table.table_name(), "Item": item, **is_absent()}}
