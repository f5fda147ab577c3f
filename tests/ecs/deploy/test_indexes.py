"""The step `indexes`: what a stage's `Indexes` says, and what the table has afterwards."""

from typing import TYPE_CHECKING

import pytest

from ecs.deploy import indexes
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage
from ecs.doctor import tables
from ecs.doctor.findings import FAIL, OK
from picus_api.table_setup import IndexSpec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ENTRIES = {
    "status": (("status", "S"),),
    " status  created:N": (("status", "S"), ("created", "N")),
    "year:N a.b-c:S": (("year", "N"), ("a.b-c", "S")),
}


def test_indexes_are_read_and_named_as_create_index_does() -> None:
    assert indexes.parse("") == []
    found = indexes.parse(",".join(ENTRIES))
    assert [index.keys for index in found] == list(ENTRIES.values())
    assert [index.name for index in found] == [IndexSpec(keys).name for keys in ENTRIES.values()]


@pytest.mark.parametrize("entry", ["a b c", "a:B", "a a", "a:N a", "a b:", "a/b", "grüße"])
def test_wrong_index_is_refused_with_the_format(entry: str) -> None:
    with pytest.raises(StepFailed, match="is not an index") as raised:
        indexes.parse(f"status, {entry}")
    assert "customer total:N" in raised.value.advice


@pytest.mark.usefixtures("aws_cli")
def test_step_makes_missing_indexes_and_the_doctor_agrees(table: "Table") -> None:
    client, limits = table.meta.client, {"MaxReadRequestUnits": 20, "MaxWriteRequestUnits": 10}
    client.update_table(TableName=table.name, OnDemandThroughput=limits)  # type: ignore[arg-type]

    def stage(text: str, name: str = table.name) -> Stage:
        return Stage("staging", {"TableName": name, "Region": "us-east-1", "Indexes": text})

    wanted = "status, status created:N"
    missing = ["Add     status-index (index, missing)", "Add     status-created-index (index, missing)"]
    assert indexes.plan(stage(wanted)) == indexes.plan(stage(wanted, "picus_none")) == missing
    indexes.publish(stage(wanted))
    assert indexes.plan(stage(wanted)) == []
    described = client.describe_table(TableName=table.name)["Table"]
    made = described["GlobalSecondaryIndexes"]
    assert {entry["Projection"]["ProjectionType"] for entry in made} == {"ALL"}
    assert [entry.get("OnDemandThroughput") for entry in made] == [limits] * 2

    other = indexes.parse("status, status created, total:N")
    findings = tables.check_indexes(described, other)
    assert [(each.verdict, each.says) for each in findings] == [
        (OK, "status-index is ACTIVE"),
        (FAIL, "status-created-index is of other keys"),
        (FAIL, "total-index is missing"),
    ]
    assert indexes.plan(stage("status created"))[0].startswith("Refuse  status-created-index")
    with pytest.raises(StepFailed, match="create_index"):
        indexes.publish(stage("status created"))
