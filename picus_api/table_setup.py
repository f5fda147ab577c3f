"""Create and check the tables: the work of ``./picus create_table`` and ``./picus check``."""

import json
import time
from contextlib import suppress
from typing import Any, NamedTuple

from picus_api.core.access.token_table import tokens_table_name
from picus_api.core.access.tokens import EXPIRES, TOKEN_KEY
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.table import ConditionFailed
from picus_api.core.errors import TableMissing, TableUnavailable
from picus_api.core.idempotency import EXPIRES_AT, RECORD_KEY, idempotency_table_name
from picus_api.core.keys import KEY


class TableSpec(NamedTuple):
    """A table: its name, its partition key (a String), and the attribute by which items expire (TTL), or None."""

    name: str
    key: str
    expires_at: str | None = None


def table_specs() -> list[TableSpec]:
    """Return the tables of the service. Raises SettingError."""
    return [
        TableSpec(table.table_name(), KEY),
        TableSpec(idempotency_table_name(), RECORD_KEY, EXPIRES_AT),
        TableSpec(tokens_table_name(), TOKEN_KEY, EXPIRES),
    ]


def table_problem(spec: TableSpec) -> str | None:
    """Return what is wrong with a table, in a sentence, or None. Raises TableUnavailable."""
    found = _description(spec)
    if found is None:
        return f"There is no table {spec.name}."
    keys = {key["AttributeName"]: key["KeyType"] for key in found["KeySchema"]}
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in found["AttributeDefinitions"]}
    if keys != {spec.key: "HASH"} or types[spec.key] != "S":
        return f"The table {spec.name} must have the partition key {spec.key} (String) and no sort key."
    return None


def create_missing(spec: TableSpec, wait_seconds: float = 60) -> bool:
    """Create the table unless it exists, wait until it is active, and let its items expire.

    Returns True if this call created it. Raises TableUnavailable.
    """
    created = _description(spec) is None and _create(spec)
    deadline = time.monotonic() + wait_seconds
    while (_description(spec) or {}).get("TableStatus") != "ACTIVE":
        if time.monotonic() > deadline:
            raise TableUnavailable from TimeoutError(f"the table {spec.name} is not active after {wait_seconds:g} s")
        time.sleep(0.1)
    if spec.expires_at:
        _enable_expiry(spec)
    return created


def approximate_count() -> int | None:
    """Return the number of items as DynamoDB counted it in the last hours, or None if it does not tell."""
    with suppress(TableUnavailable):
        return estimated_count()
    return None


def estimated_count() -> int:
    """Return the number of items as DynamoDB counted it in the last hours. Raises TableMissing, TableUnavailable."""
    return int(_call("DescribeTable", TableSpec(table.table_name(), KEY))["Table"].get("ItemCount", 0))


def _create(spec: TableSpec) -> bool:
    schema = {
        "AttributeDefinitions": [{"AttributeName": spec.key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": spec.key, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    try:
        _call("CreateTable", spec, **schema)
    except ConditionFailed:
        # Another process creates the table at this moment: the caller waits until it is active.
        return False
    return True


def _enable_expiry(spec: TableSpec) -> None:
    # DynamoDB refuses to enable TTL twice, even if another process did it at this moment.
    if not _expires(spec):
        try:
            setting = {"Enabled": True, "AttributeName": spec.expires_at}
            _call("UpdateTimeToLive", spec, TimeToLiveSpecification=setting)
        except TableUnavailable:
            if not _expires(spec):
                raise


def _expires(spec: TableSpec) -> bool:
    found = _call("DescribeTimeToLive", spec)["TimeToLiveDescription"]
    return found["TimeToLiveStatus"] in ("ENABLED", "ENABLING")


def _description(spec: TableSpec) -> dict[str, Any] | None:
    try:
        return dict(_call("DescribeTable", spec)["Table"])
    except TableMissing:
        return None


def _call(operation: str, spec: TableSpec, **request: Any) -> dict[str, Any]:
    return dict(json.loads(table.send(operation, {"TableName": spec.name, **request}).body))
