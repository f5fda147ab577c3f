"""Create and check the tables: the work of ``./picus create_table`` and ``./picus check``."""

import json
import time
from contextlib import suppress
from typing import Any, NamedTuple

from picus_api.core.access.token_table import EXPIRES, TOKEN_KEY, tokens_table_name
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.table import ConditionFailed
from picus_api.core.errors import TableMissing, TableUnavailable
from picus_api.core.expiry import ttl_attribute
from picus_api.core.idempotency import EXPIRES_AT, RECORD_KEY, idempotency_table_name
from picus_api.core.keys import KEY


class IndexDiffers(Exception):
    """The table has an index or an attribute that differs from the one to make: one line that says how."""


class TableSpec(NamedTuple):
    """A table: its name, its partition key (a String), and the attribute by which items expire (TTL), or None."""

    name: str
    key: str
    expires_at: str | None = None


def table_specs() -> list[TableSpec]:
    """Return the tables of the service. Raises SettingError."""
    return [
        TableSpec(table.table_name(), KEY, ttl_attribute()),
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


class IndexSpec(NamedTuple):
    """A global secondary index: its partition key and perhaps a sort key, each with its type (S or N)."""

    keys: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Return the name that says what the index is for: status-index, status-created-index."""
        return "-".join([*(name for name, _ in self.keys), "index"])

    def schema(self) -> list[dict[str, str]]:
        """Return the keys as DynamoDB describes them."""
        kinds = ("HASH", "RANGE")
        return [{"AttributeName": name, "KeyType": kind} for (name, _), kind in zip(self.keys, kinds, strict=False)]


class IndexState(NamedTuple):
    """An index that is being made: its status, and how many items it has and the table has, as DynamoDB counted them.

    DynamoDB counts every few hours, so that the numbers of an index may stay at 0 until it is active.
    """

    status: str
    backfilling: bool
    items: int
    table_items: int


def create_index(index: IndexSpec) -> bool:
    """Start to make the index with all attributes, unless it exists with these keys; return True if this call did.

    Raises IndexDiffers, TableUnavailable.
    """
    spec = TableSpec(table.table_name(), KEY)
    found = _description(spec)
    if found is None:
        raise TableMissing from LookupError(f"there is no table {spec.name}")
    types = _key_types(found, index)
    existing = _find_index(found, index.name)
    if existing is not None:
        if sorted(map(str, existing["KeySchema"])) != sorted(map(str, index.schema())):
            raise IndexDiffers(f"The table has an index {index.name} with other keys.")
        return False
    definition = {"IndexName": index.name, "KeySchema": index.schema(), "Projection": {"ProjectionType": "ALL"}}
    if found.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        units = ("ReadCapacityUnits", "WriteCapacityUnits")
        definition["ProvisionedThroughput"] = {unit: found["ProvisionedThroughput"][unit] for unit in units}
    elif limits := found.get("OnDemandThroughput"):
        # An index has its own limits; without them it would have none, whatever the limits of the table bound.
        definition["OnDemandThroughput"] = limits
    attributes = [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]
    _call("UpdateTable", spec, AttributeDefinitions=attributes, GlobalSecondaryIndexUpdates=[{"Create": definition}])
    return True


def _key_types(described: dict[str, Any], index: IndexSpec) -> dict[str, str]:
    """Return the types of all keys of the table and its indexes, with the new ones. Raises IndexDiffers."""
    types = {each["AttributeName"]: str(each["AttributeType"]) for each in described["AttributeDefinitions"]}
    for name, kind in index.keys:
        if types.setdefault(name, kind) != kind:
            raise IndexDiffers(f"The table or another index has {name} as a key of type {types[name]}, not {kind}.")
    return types


def index_state(index: IndexSpec) -> IndexState:
    """Return how far the index is. Raises IndexDiffers if it is gone, TableUnavailable."""
    found = _description(TableSpec(table.table_name(), KEY)) or {}
    existing = _find_index(found, index.name)
    if existing is None:
        raise IndexDiffers(f"The index {index.name} is not there any more.")
    items = (int(each.get("ItemCount", 0)) for each in (existing, found))
    return IndexState(existing["IndexStatus"], bool(existing.get("Backfilling")), *items)


def _find_index(described: dict[str, Any], name: str) -> dict[str, Any] | None:
    return next((each for each in described.get("GlobalSecondaryIndexes") or [] if each["IndexName"] == name), None)


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
