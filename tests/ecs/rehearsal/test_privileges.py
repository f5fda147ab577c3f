"""Least privilege: each role allows exactly the calls of its compute."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.ecs.rehearsal.rehearsed_stage import NAME, RehearsedStage

KEY = {"object_id": {"S": "privileges"}}
ITEM = {**KEY, "a": {"N": "1"}}
BATCH = [{"PutRequest": {"Item": ITEM}}]
TOKEN = {"token_id": {"S": "privileges"}}
RECORD = {"idempotency_key": {"S": "privileges"}}


def denied(call: Any, **arguments: Any) -> bool:
    """Return True if IAM refuses a call. Raises for other errors."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return True
    return False


def granted(stage: RehearsedStage, role_arn: str) -> set[str]:
    """Return the DynamoDB actions that the policies of a role allow."""
    iam, role = stage.emulator.client("iam"), role_arn.rpartition("/")[2]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    statements = [statement for document in documents for statement in document["Statement"]]
    actions = [statement["Action"] for statement in statements]
    flat = [name for action in actions for name in ([action] if isinstance(action, str) else action)]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return {name.partition(":")[2] for name in flat if name.startswith(("dynamodb:", "*"))}


def recorded(stage: RehearsedStage, **attributes: str) -> list[Any]:
    """Return the newest calls that CloudTrail recorded, at most 50, because ministack has no further pages."""
    given = {"EventSource": "dynamodb.amazonaws.com", **attributes}
    lookup = [{"AttributeKey": name, "AttributeValue": value} for name, value in given.items()]
    events: list[Any] = stage.emulator.client("cloudtrail").lookup_events(LookupAttributes=lookup)["Events"]
    return events


def called(stage: RehearsedStage, keys: set[str], transacted: str) -> set[str]:
    """Return the DynamoDB actions that were called with these access keys; ``transacted``: the one in transactions."""
    # A transaction needs the permissions of its writes. IAM has checked them.
    actions = stage.emulator.client("dynamodb").meta.service_model.operation_names
    found = {name for name in actions for key in keys if recorded(stage, EventName=name, AccessKeyId=key)}
    return {transacted if name == "TransactWriteItems" else name for name in found}


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("TaskRoleArn", ("put_item", "batch_write_item", "get_item", "scan"), ("delete_item", "delete_table")),
        ("FunctionRoleArn", ("delete_item",), ("put_item", "batch_write_item", "get_item", "scan", "delete_table")),
    ],
)
def test_role_allows_its_calls_on_one_table_only(
    stage: RehearsedStage, role: str, may: tuple[str, ...], may_not: tuple[str, ...]
) -> None:
    table = stage.outputs("data")["TableName"]
    account = stage.emulator.client("dynamodb")
    other = f"{table}_other_{role.lower()}"
    attributes = [{"AttributeName": "object_id", "AttributeType": "S"}]
    keys = [{"AttributeName": "object_id", "KeyType": "HASH"}]
    account.create_table(
        TableName=other, KeySchema=keys, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
    )
    dynamodb = stage.emulator.client("dynamodb", **stage.emulator.assume(stage.outputs("roles")[role]))
    arguments: dict[str, dict[str, Any]] = {
        "put_item": {"Item": ITEM},
        "get_item": {"Key": KEY},
        "delete_item": {"Key": KEY},
    }
    for name in (*may, *may_not):
        call, given = getattr(dynamodb, name), arguments.get(name, {})
        for where in (table, other):
            to = {"RequestItems": {where: BATCH}} if name == "batch_write_item" else {"TableName": where, **given}
            assert denied(call, **to) is (where == other or name in may_not), (name, where)
    account.delete_item(TableName=table, Key=KEY)


def test_only_the_service_may_put_records_and_nothing_else(stage: RehearsedStage) -> None:
    name, roles = stage.outputs("idempotency")["IdempotencyTableName"], stage.outputs("roles")
    for role in ("TaskRoleArn", "FunctionRoleArn"):
        dynamodb = stage.emulator.client("dynamodb", **stage.emulator.assume(roles[role]))
        assert denied(dynamodb.put_item, TableName=name, Item=RECORD) is (role == "FunctionRoleArn")
        for call in (dynamodb.get_item, dynamodb.delete_item):
            assert denied(call, TableName=name, Key=RECORD)
        assert denied(dynamodb.scan, TableName=name)
        assert denied(dynamodb.batch_write_item, RequestItems={name: [{"PutRequest": {"Item": RECORD}}]})
    stage.emulator.client("dynamodb").delete_item(TableName=name, Key=RECORD)


def test_both_computes_may_only_get_tokens(stage: RehearsedStage) -> None:
    name, roles = stage.outputs("tokens")["TokensTableName"], stage.outputs("roles")
    for role in ("TaskRoleArn", "FunctionRoleArn"):
        dynamodb = stage.emulator.client("dynamodb", **stage.emulator.assume(roles[role]))
        assert not denied(dynamodb.get_item, TableName=name, Key=TOKEN)
        for call, given in ((dynamodb.put_item, {"Item": TOKEN}), (dynamodb.delete_item, {"Key": TOKEN})):
            assert denied(call, TableName=name, **given)
        assert denied(dynamodb.scan, TableName=name)


def test_roles_allow_exactly_the_calls_that_were_made(stage: RehearsedStage, contract_run: tuple[int, str]) -> None:
    assert contract_run[0] == 0
    roles = stage.outputs("roles")
    # Lambda's keys: neither the account's nor assumed by this test.
    deleters = {event["AccessKeyId"] for event in recorded(stage, EventName="DeleteItem")}
    function = deleters - {"test", *stage.emulator.assumed}
    assert called(stage, stage.scheduler.keys, "PutItem") == granted(stage, roles["TaskRoleArn"])
    # The function reads a token only when one comes, which the contract tests may leave out.
    assert called(stage, function, "DeleteItem") | {"GetItem"} == granted(stage, roles["FunctionRoleArn"])


def test_function_runs_with_the_role_of_the_template(stage: RehearsedStage) -> None:
    found = stage.emulator.client("lambda").get_function_configuration(FunctionName=f"picus-delete-{NAME}")
    assert found["Role"] == stage.outputs("roles")["FunctionRoleArn"]
    assert "zappa" not in json.dumps(stage.emulator.client("iam").list_roles()["Roles"], default=str).lower()
