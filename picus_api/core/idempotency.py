"""New items written once, however often they are sent under one Idempotency-Key.

A record of the key is written together with the item, in one transaction, so that DynamoDB alone decides who is first:
between threads, processes and hosts. It lives in a table beside the items', where lists, counts and other programs
that read the items never meet it, and DynamoDB's TTL removes it after a day.
"""

import os
import time
from hashlib import sha256
from typing import Any, NamedTuple

from picus_api.core import messages, table
from picus_api.core.attributes import AttributeMap
from picus_api.core.contention import Patience
from picus_api.core.dynamodb.dynamodb_errors import ServiceError
from picus_api.core.preconditions import is_absent
from picus_api.core.table import KEY, ItemTooLarge, TableMissing, TableThrottled
from picus_api.core.versions import etag

RECORD_KEY, EXPIRES_AT = "idempotency_key", "expires_at"
LIFETIME_SECONDS = 24 * 3600


class KeyReused(Exception):
    """The same Idempotency-Key came with another body."""


class RecordsMissing(TableMissing):
    """One of the two tables is missing."""

    @property
    def cause(self) -> str:
        """What to do about it, for the operator."""
        return f"{super().cause}: manage.py create_table creates {table.table_name()} and {table_name()}"


class Created(NamedTuple):
    """The item that the key stands for, by this request or by an earlier one."""

    object_id: str
    etag: str


def table_name() -> str:
    """The table of the records. Raises SettingError."""
    return os.environ.get("DYNAMODB_IDEMPOTENCY_TABLE_NAME") or name_beside(table.table_name())


def name_beside(items: str) -> str:
    """What it is called unless it is given a name of its own; ecs/idempotency.yaml makes it so."""
    return f"{items}_idempotency"


def create_once(idempotency_key: str, item: AttributeMap, fingerprint: str) -> Created:
    """Store a new item unless the key was used for one already; whichever it stands for.

    ``fingerprint`` says which bodies are the same. Raises KeyReused, Contended, ItemTooLarge, TableUnavailable.
    """
    created = Created(item[KEY]["S"], etag(item))
    patience = Patience()
    while True:
        record = _record(idempotency_key, fingerprint, created)
        try:
            _write(record, item)
        except _Taken as taken:
            if taken.record["fingerprint"] != record["fingerprint"]:
                raise KeyReused from None
            return Created(taken.record[KEY]["S"], taken.record["etag"]["S"])
        except _Conflict:
            patience.wait(messages.IN_PROGRESS)
        else:
            return created


class _Taken(Exception):
    def __init__(self, record: AttributeMap) -> None:
        super().__init__()
        self.record = record


class _Conflict(Exception):
    """Another transaction writes the same record at this moment."""


def _record(idempotency_key: str, fingerprint: str, created: Created) -> AttributeMap:
    return {
        RECORD_KEY: {"S": sha256(idempotency_key.encode()).hexdigest()},
        "fingerprint": {"S": fingerprint},
        KEY: {"S": created.object_id},
        "etag": {"S": created.etag},
        EXPIRES_AT: {"N": str(int(time.time()) + LIFETIME_SECONDS)},
    }


def _write(record: AttributeMap, item: AttributeMap) -> None:
    # DynamoDB removes what has expired within days, not at once: until then it counts as gone.
    first = {
        "TableName": table_name(),
        "Item": record,
        "ConditionExpression": "attribute_not_exists(#k) OR #e < :now",
        "ExpressionAttributeNames": {"#k": RECORD_KEY, "#e": EXPIRES_AT},
        "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    second = {"TableName": table.table_name(), "Item": item, **is_absent()}
    with table.domain_errors():
        try:
            table.transport().call_raw("TransactWriteItems", {"TransactItems": [{"Put": first}, {"Put": second}]})
        except ServiceError as error:
            if meaning := _meaning(error):
                raise meaning from error
            raise


def _meaning(error: ServiceError) -> Exception | None:
    """What it says that the transaction was not carried out, or None for an error that any call may meet."""
    if error.code == "ResourceNotFoundException":
        return RecordsMissing()
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons") or []  # type: ignore[assignment]
    codes = {reason.get("Code") for reason in reasons}
    if reasons and reasons[0].get("Item"):
        return _Taken(reasons[0]["Item"])
    if "TransactionConflict" in codes:
        return _Conflict()
    if codes & {"ProvisionedThroughputExceeded", "ThrottlingError"}:
        return TableThrottled()
    if any("tem size" in (reason.get("Message") or "") for reason in reasons):
        return ItemTooLarge()
    return None
