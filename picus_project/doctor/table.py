"""The table: its key, and what keeps its items safe."""

from collections.abc import Mapping
from typing import Any

from picus_api.core.table import KEY
from picus_project.doctor.findings import Finding, judge

SUBJECT = "table"


def check(table: Mapping[str, Any], backups: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeTable's `Table` and DescribeContinuousBackups' `ContinuousBackupsDescription`."""
    name = table["TableName"]
    return [
        _active(name, table),
        _key(name, table),
        _billing(name, table),
        _protected(name, table),
        _recoverable(name, backups),
    ]


def _active(name: str, table: Mapping[str, Any]) -> Finding:
    status = table["TableStatus"]
    return judge(
        SUBJECT, status == "ACTIVE", f"{name} is {status}", f"aws dynamodb wait table-exists --table-name {name}"
    )


def _key(name: str, table: Mapping[str, Any]) -> Finding:
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    found = [(key["AttributeName"], key["KeyType"], types.get(key["AttributeName"])) for key in table["KeySchema"]]
    says = f"its key is {', '.join(f'{attribute} ({kind} {type_})' for attribute, kind, type_ in found)}"
    fix = f"a key can't be changed: deploy with a table whose partition key is {KEY} (String), and no sort key"
    return judge(SUBJECT, found == [(KEY, "HASH", "S")], says, fix)


def _billing(name: str, table: Mapping[str, Any]) -> Finding:
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    fix = f"aws dynamodb update-table --table-name {name} --billing-mode PAY_PER_REQUEST"
    return judge(SUBJECT, mode == "PAY_PER_REQUEST", f"its billing is {mode}", fix)


def _protected(name: str, table: Mapping[str, Any]) -> Finding:
    on = bool(table.get("DeletionProtectionEnabled"))
    fix = f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled"
    return judge(SUBJECT, on, f"deletion protection is {_word(on)}", fix)


def _recoverable(name: str, backups: Mapping[str, Any]) -> Finding:
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    on = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    fix = (
        f"aws dynamodb update-continuous-backups --table-name {name}"
        " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
    )
    return judge(SUBJECT, on, f"point-in-time recovery is {_word(on)}", fix)


def _word(on: bool) -> str:
    return "on" if on else "off"
