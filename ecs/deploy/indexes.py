"""The indexes of the table of items, which `./picus create_index` makes.

They are not in ecs/data.yaml, for three reasons. CloudFormation refuses two new indexes in one update. It does not know
the indexes that an operator made before. A stage that uses an existing table has no stack for it.
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/881
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ecs.deploy.aws import ROOT, AwsRefused, aws, run
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

# The characters that DynamoDB allows in the name of an index, which the attributes make.
_ATTRIBUTE = r"([\w.-]+?)(?::([SN]))?"
_ENTRY = re.compile(rf"{_ATTRIBUTE}(?:\s+{_ATTRIBUTE})?", re.ASCII)
FORMAT = 'Write it like "status", "status created" or "customer total:N", and several with commas between them.'
ADVICE = "DynamoDB goes on filling an index that it has begun. The same command shows the progress."


class Index(NamedTuple):
    """An index: the attributes of its key, partition key first, each with its type (S or N)."""

    keys: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """Return the name that `./picus create_index` gives it."""
        return "-".join([*(name for name, _ in self.keys), "index"])


def parse(text: str) -> list[Index]:
    """Return the indexes of a stage's `Indexes`, such as `status, status created:N`. Raises StepFailed."""
    return [_index(entry.strip()) for entry in text.split(",") if entry.strip()]


def _index(entry: str) -> Index:
    found = _ENTRY.fullmatch(entry)
    if found is None or found[1] == found[3]:
        raise StepFailed(f"Indexes: {entry!r} is not an index", FORMAT)
    keys = ((found[1], found[2] or "S"), (found[3], found[4] or "S"))
    return Index(tuple((name, kind) for name, kind in keys if name))


def problem(table: Mapping[str, Any], index: Index) -> str:
    """Return what is wrong with an index, by DescribeTable's `Table`; empty if it exists and is active."""
    indexes = {entry["IndexName"]: entry for entry in table.get("GlobalSecondaryIndexes") or []}
    if index.name not in indexes:
        return "missing"
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in table["AttributeDefinitions"]}
    # HASH comes before RANGE.
    parts = sorted(indexes[index.name]["KeySchema"], key=lambda part: str(part["KeyType"]))
    if tuple((part["AttributeName"], types.get(part["AttributeName"])) for part in parts) != index.keys:
        return "of other keys"
    status = str(indexes[index.name]["IndexStatus"])
    return "" if status == "ACTIVE" else status


def publish(stage: Stage) -> None:
    """Make the indexes of the stage that the table lacks, one after the other, and wait until each is active."""
    wanted = parse(stage["Indexes"])
    table = aws("dynamodb", "describe-table", "--table-name", stage["TableName"])["Table"] if wanted else {}
    for index in wanted:
        if problem(table, index):
            names, types = zip(*index.keys, strict=True)
            where = {"DYNAMODB_TABLE_NAME": stage["TableName"], "AWS_REGION": stage["Region"]}
            # Without the address of another DynamoDB, which the operator's shell may have.
            run(
                [str(ROOT / "picus"), "create_index", *names, "--type", *types],
                ADVICE,
                DYNAMODB_ENDPOINT_URL="",
                **where,
            )


def plan(stage: Stage) -> list[str]:
    """Return a line for each index that `publish` would make or wait for. It removes none."""
    wanted = parse(stage["Indexes"])
    table = _described(stage) if wanted else {}
    found = {index.name: problem(table, index) for index in wanted}
    actions = {"missing": "Add    ", "of other keys": "Refuse "}
    return [f"{actions.get(what, 'Await  ')} {name} (index, {what})" for name, what in found.items() if what]


def _described(stage: Stage) -> Mapping[str, Any]:
    """Return the description of the table, or an empty one if there is no table yet."""
    try:
        table: Mapping[str, Any] = aws("dynamodb", "describe-table", "--table-name", stage["TableName"])["Table"]
    except KeyError:
        return {}
    except AwsRefused as error:
        if "ResourceNotFoundException" not in error.reason:
            raise
        return {}
    return table
