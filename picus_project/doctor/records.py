"""The table of Idempotency-Key records: its key, and that they go by themselves."""

from collections.abc import Mapping
from typing import Any

from picus_api.core.idempotency import EXPIRES_AT, RECORD_KEY
from picus_project.doctor.findings import Finding, judge
from picus_project.doctor.table import active, billing, key

SUBJECT = "idempotency table"


def check(table: Mapping[str, Any], expiry: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeTable's `Table` and DescribeTimeToLive's `TimeToLiveDescription`."""
    name = table["TableName"]
    again = f"no record is worth keeping: delete {name} and deploy ecs/records.yaml"
    return [
        active(SUBJECT, name, table),
        key(SUBJECT, table, RECORD_KEY, again),
        billing(SUBJECT, name, table),
        _expiring(name, expiry),
    ]


def _expiring(name: str, expiry: Mapping[str, Any]) -> Finding:
    on = expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    attribute = expiry.get("AttributeName", "nothing") if on else "nothing"
    fix = (
        f"aws dynamodb update-time-to-live --table-name {name}"
        f" --time-to-live-specification Enabled=true,AttributeName={EXPIRES_AT}"
    )
    return judge(SUBJECT, attribute == EXPIRES_AT, f"its records expire by {attribute}", fix)
