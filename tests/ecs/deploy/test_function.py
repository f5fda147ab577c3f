"""The plan of the delete function: its commit, and the settings that it shares with the service."""

import io
from zipfile import ZipFile

import boto3
import pytest

from ecs.deploy import function
from ecs.deploy.stage import Stage

VALUES = {
    "FunctionName": "picus-delete-planned",
    "Commit": "1" * 40,
    "TableName": "picus_data",
    "TokensTableName": "picus_data_tokens",
    "AnonymousScopes": "none",
}


def stage(**changed: str) -> Stage:
    return Stage("staging", VALUES | changed)


@pytest.mark.usefixtures("aws_cli")
def test_plan_names_the_settings_that_would_change(dynamodb_url: str) -> None:
    assert function.plan(stage()) == [f"Modify  picus-delete-planned: from nothing to {'1' * 40}"]
    made = io.BytesIO()
    with ZipFile(made, "w") as package:
        package.writestr("handler.py", "def handler(event, context): ...")
    settings = {variable: stage()[name] for variable, name in function.SETTINGS_OF_STAGE.items()}
    boto3.client("lambda", endpoint_url=dynamodb_url, region_name="us-east-1").create_function(
        FunctionName=VALUES["FunctionName"],
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/none",
        Handler="handler.handler",
        Code={"ZipFile": made.getvalue()},
        Environment={"Variables": {**settings, "PICUS_COMMIT": "1" * 40}},
    )
    assert function.plan(stage()) == []
    assert function.plan(stage(TtlAttribute="until", RequireIfMatch="true", Commit="2" * 40)) == [
        f"Modify  picus-delete-planned: from {'1' * 40} to {'2' * 40}",
        "Modify  picus-delete-planned: TTL_ATTRIBUTE, REQUIRE_IF_MATCH",
    ]
