"""The table of the Idempotency-Key records, as an operator makes it."""

import json
import time
from typing import Any

from picus_api.core import table
from picus_api.core.idempotency import EXPIRES_AT, RECORD_KEY, table_name
from picus_api.core.table import ItemConflict, TableMissing, TableUnavailable


def create_missing(wait_seconds: float = 60) -> bool:
    """Create the table unless it is there, wait until it is active, and let its records expire.

    True when this call created it. Raises TableUnavailable.
    """
    created = _description() is None and _create()
    deadline = time.monotonic() + wait_seconds
    while (_description() or {}).get("TableStatus") != "ACTIVE":
        if time.monotonic() > deadline:
            raise TableUnavailable(f"The table {table_name()} is not active after {wait_seconds:g} s.")
        time.sleep(0.1)
    _expire()
    return created


def _create() -> bool:
    schema = {
        "AttributeDefinitions": [{"AttributeName": RECORD_KEY, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": RECORD_KEY, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    try:
        _call("CreateTable", **schema)
    except ItemConflict:
        # Somebody else creates it at this very moment: wait for theirs.
        return False
    return True


def _expire() -> None:
    # DynamoDB refuses to enable it twice, be it by somebody else at this very moment.
    if not _expires():
        try:
            _call("UpdateTimeToLive", TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT})
        except TableUnavailable:
            if not _expires():
                raise


def _expires() -> bool:
    found = _call("DescribeTimeToLive")["TimeToLiveDescription"]
    return found["TimeToLiveStatus"] in ("ENABLED", "ENABLING")


def _description() -> dict[str, Any] | None:
    try:
        return dict(_call("DescribeTable")["Table"])
    except TableMissing:
        return None


def _call(operation: str, **request: Any) -> dict[str, Any]:
    with table.domain_errors():
        answer = table.transport().call_raw(operation, {"TableName": table_name(), **request})
    return dict(json.loads(answer))
