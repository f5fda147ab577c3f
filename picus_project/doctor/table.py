"""The table: its key, and what keeps its items safe."""

from collections.abc import Mapping
from typing import Any

from picus_api.core.keys import KEY
from picus_project.doctor.findings import Finding, judge

SUBJECT = "table"
OTHER_KEY = f"a key can't be changed: deploy with a table whose partition key is {KEY} (String), and no sort key"


def check(table: Mapping[str, Any], backups: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeTable's `Table` and DescribeContinuousBackups' `ContinuousBackupsDescription`."""
    name = table["TableName"]
    return [
        active(SUBJECT, name, table),
        key(SUBJECT, table, KEY, OTHER_KEY),
        billing(SUBJECT, name, table),
        _protected(name, table),
        _recoverable(name, backups),
    ]


def active(subject: str, name: str, table: Mapping[str, Any]) -> Finding:
    """Whether a table can be used."""
    status = table["TableStatus"]
    return judge(
        subject, status == "ACTIVE", f"{name} is {status}", f"aws dynamodb wait table-exists --table-name {name}"
    )


def key(subject: str, table: Mapping[str, Any], wanted: str, fix: str) -> Finding:
    """Whether a table's key is one String of that name."""
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    found = [(part["AttributeName"], part["KeyType"], types.get(part["AttributeName"])) for part in table["KeySchema"]]
    says = f"its key is {', '.join(f'{attribute} ({kind} {type_})' for attribute, kind, type_ in found)}"
    return judge(subject, found == [(wanted, "HASH", "S")], says, fix)


def billing(subject: str, name: str, table: Mapping[str, Any]) -> Finding:
    """Whether a table is paid for by the request."""
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    fix = f"aws dynamodb update-table --table-name {name} --billing-mode PAY_PER_REQUEST"
    return judge(subject, mode == "PAY_PER_REQUEST", f"its billing is {mode}", fix)


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
