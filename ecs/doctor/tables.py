"""Check the tables, which an operator may have created without a stack, and the indexes of the table of items."""

from collections.abc import Iterable, Mapping
from typing import Any

from ecs.deploy import indexes
from ecs.doctor.findings import Finding, judge
from picus_api.core.access.token_table import EXPIRES, TOKEN_KEY
from picus_api.core.idempotency import EXPIRES_AT, RECORD_KEY
from picus_api.core.keys import KEY

TABLE = "table"
INDEXES = "indexes"
IDEMPOTENCY_TABLE = "idempotency table"
TOKEN_TABLE = "token table"


def check_item_table(table: Mapping[str, Any], backups: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeTable's `Table` and DescribeContinuousBackups' `ContinuousBackupsDescription`."""
    name, protected = table["TableName"], bool(table.get("DeletionProtectionEnabled"))
    status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    protect = f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled"
    recover = (
        f"aws dynamodb update-continuous-backups --table-name {name}"
        " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
    )
    return [
        *_usable(TABLE, table, KEY, f"use a table whose only key is the partition key {KEY} (String)"),
        judge(TABLE, protected, f"deletion protection is {'on' if protected else 'off'}", protect),
        judge(TABLE, status == "ENABLED", f"point-in-time recovery is {status}", recover),
    ]


def check_item_expiry(table: Mapping[str, Any], time_to_live: Mapping[str, Any], wanted: str) -> Finding:
    """Judge whether the items expire by `wanted`, by DescribeTable's `Table` and `TimeToLiveDescription`."""
    return _check_expiry(TABLE, table, time_to_live, wanted, "items")


def check_indexes(table: Mapping[str, Any], wanted: Iterable[indexes.Index]) -> list[Finding]:
    """Judge whether the table has the indexes of the stage's file, and whether they are active."""
    fix = "make deploy STAGE=… OPTIONS='--only indexes'"
    problems = {index.name: indexes.problem(table, index) for index in wanted}
    return [judge(INDEXES, not what, f"{name} is {what or 'ACTIVE'}", fix) for name, what in problems.items()]


def check_idempotency_table(table: Mapping[str, Any], time_to_live: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeTable's `Table` and DescribeTimeToLive's `TimeToLiveDescription`."""
    replace = f"delete {table['TableName']} and deploy ecs/idempotency.yaml"
    return [
        *_usable(IDEMPOTENCY_TABLE, table, RECORD_KEY, replace),
        _check_expiry(IDEMPOTENCY_TABLE, table, time_to_live, EXPIRES_AT),
    ]


def check_token_table(table: Mapping[str, Any], time_to_live: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeTable's `Table` and DescribeTimeToLive's `TimeToLiveDescription`."""
    replace = f"delete {table['TableName']} and deploy ecs/tokens.yaml"
    return [
        *_usable(TOKEN_TABLE, table, TOKEN_KEY, replace),
        _check_expiry(TOKEN_TABLE, table, time_to_live, EXPIRES),
    ]


def _check_expiry(
    subject: str, table: Mapping[str, Any], time_to_live: Mapping[str, Any], wanted: str, records: str = "records"
) -> Finding:
    on = time_to_live.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    attribute = time_to_live.get("AttributeName", "nothing") if on else "nothing"
    expire = (
        f"aws dynamodb update-time-to-live --table-name {table['TableName']}"
        f" --time-to-live-specification Enabled=true,AttributeName={wanted}"
    )
    return judge(subject, attribute == wanted, f"its {records} expire by {attribute}", expire)


def _usable(subject: str, table: Mapping[str, Any], key: str, fix: str) -> list[Finding]:
    name, status = table["TableName"], table["TableStatus"]
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    parts = [(part["AttributeName"], part["KeyType"], types.get(part["AttributeName"])) for part in table["KeySchema"]]
    says = f"its key is {', '.join(f'{attribute} ({kind} {type_})' for attribute, kind, type_ in parts)}"
    wait = f"aws dynamodb wait table-exists --table-name {name}"
    return [
        judge(subject, status == "ACTIVE", f"{name} is {status}", wait),
        judge(subject, parts == [(key, "HASH", "S")], says, fix),
    ]
