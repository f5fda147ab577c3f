"""Each role may do what its part does, on what is its own, and docs/iam.md says why."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from picus_api.core import idempotency, writes
from picus_api.core.dynamodb import table as core_table
from picus_api.core.dynamodb.transport import Transport
from picus_api.core.errors import PreconditionFailed
from picus_api.core.preconditions import Preconditions
from tests.dynamodb import ROOT
from tests.templates.template import actions, properties, resources, statements, template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ROLES = {
    "The execution role": ("roles", "ExecutionRole"),
    "The task role": ("roles", "TaskRole"),
    "The function's role": ("roles", "FunctionRole"),
    "The pipeline's role: releases": ("github", "DeployRole"),
    "The pipeline's role: plans": ("github", "PlanRole"),
}
# IAM knows no resource for these: https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCE = re.compile(
    r"ecr:GetAuthorizationToken|cloudformation:GetTemplateSummary|ec2:Describe\w+|elasticloadbalancing:Describe\w+"
    r"|ecs:(Deregister|Describe)TaskDefinition"
)


@pytest.fixture
def operations(table: "Table", monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What DynamoDB is asked for from now on, of an empty table."""
    called: set[str] = set()
    call = Transport.call

    def record(self: Transport, operation: str, body: Any) -> Any:
        called.add(operation)
        return call(self, operation, body)

    monkeypatch.setattr(Transport, "call", record)
    yield called
    core_table.shared_transport().close()


def granted(role: str) -> dict[str, set[str]]:
    """The DynamoDB actions that a role allows, by what follows `table/` in the ARN."""
    found: dict[str, set[str]] = {}
    for entry in statements("roles", role):
        actions = {action.removeprefix("dynamodb:") for action in entry["Action"] if action.startswith("dynamodb:")}
        for where in entry["Resource"] if actions else ():
            prefix, _, table = where["Fn::Sub"].partition("table/")
            assert prefix == "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:"
            found.setdefault(table, set()).update(actions)
    return found


def test_the_task_role_allows_what_the_service_calls_and_no_more(operations: set[str], client: Client) -> None:
    put = client.post("/picus/put", b'{"a": 1}', content_type="application/json")
    lines = client.post("/picus/put", b'{"a": 1}\n', content_type="application/x-ndjson")
    assert b"".join(lines)
    client.patch("/picus/put/none", b"{}", content_type="application/merge-patch+json")
    paths = (put["Location"], "/picus/get/none", "/picus/list", "/__heartbeat__")
    answers = [client.get(path) for path in paths]
    assert b"".join(answers[2])
    assert [answer.status_code for answer in answers] == [200, 404, 200, 200]

    assert operations == granted("TaskRole")["${TableName}"]


def test_records_are_written_with_an_item_and_no_more(operations: set[str], client: Client) -> None:
    client.post("/picus/put", b"{}", content_type="application/json", headers={"Idempotency-Key": '"k"'})
    # IAM knows no such action: each write of it needs its own permission.
    assert operations == {"TransactWriteItems"}
    assert granted("TaskRole")["${TableName}_idempotency"] == {"PutItem"}


def test_the_functions_role_allows_what_the_function_calls_and_no_more(operations: set[str]) -> None:
    with pytest.raises(core_table.ItemNotFound):
        core_table.remove("none")
    with pytest.raises(PreconditionFailed):
        writes.remove("none", Preconditions(match=frozenset({'"0"'}), none_match=None))

    assert granted("FunctionRole") == {"${TableName}": operations} == {"${TableName}": {"DeleteItem"}}


def test_the_service_has_two_tables_and_the_function_one() -> None:
    assert set(granted("TaskRole")) == {"${TableName}", idempotency.name_beside("${TableName}")}


@pytest.mark.parametrize(("name", "role"), ROLES.values())
def test_no_action_is_a_pattern_and_no_resource_is_everything_without_need(name: str, role: str) -> None:
    for entry in statements(name, role):
        assert not [action for action in entry["Action"] if "*" in action]
        assert entry["Effect"] == "Allow"
        if "*" in entry["Resource"]:
            assert [action for action in entry["Action"] if not WITHOUT_RESOURCE.fullmatch(action)] == []


def _documented() -> Iterator[tuple[str, set[str]]]:
    for section in (ROOT / "docs/iam.md").read_text().split("\n## ")[1:]:
        yield section.partition("\n")[0], set(re.findall(r"^\| `([\w:]+)`", section, re.MULTILINE))


def test_the_page_has_every_permission_and_no_other() -> None:
    found = {title: permissions for heading, permissions in _documented() for title in ROLES if title in heading}
    assert found == {title: actions(*where) for title, where in ROLES.items()}


def test_what_the_page_names_is_there() -> None:
    named = re.findall(r"`(\w+)`(?: |, )`((?:ecs|picus_\w+|delete_fn)/[\w./]+)`", (ROOT / "docs/iam.md").read_text())
    assert len(named) > 10
    assert [(word, path) for word, path in named if word not in (ROOT / path).read_text()] == []


def test_the_pipeline_is_one_repository_in_one_environment_by_either_name() -> None:
    [statement] = properties("github", "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    wanted = statement["Condition"]["StringEquals"]
    assert wanted["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    old, new = wanted["token.actions.githubusercontent.com:sub"]
    assert old == {"Fn::Sub": "repo:${Repository}:environment:${Stage}"}
    assert new["Fn::If"][1] == {"Fn::Sub": "repo:${RepositoryWithIds}:environment:${Stage}"}
    pattern = template("github")["Parameters"]["RepositoryWithIds"]["AllowedPattern"]
    assert re.fullmatch(pattern, "octo-org@123/octo.repo@456")
    assert not re.fullmatch(pattern, "octo-org/*")


def test_the_pipeline_is_main_and_no_other_branch_that_names_the_environment() -> None:
    [statement] = properties("github", "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:ref"] == "refs/heads/main"


def test_the_page_gives_the_githubs_stack_every_parameter() -> None:
    section = (ROOT / "docs/deploying.md").read_text().partition("\n## Deploy from GitHub")[2].partition("\n## ")[0]
    assert set(re.findall(r"\b([A-Z]\w+)=", section)) == set(template("github")["Parameters"])


def test_a_pull_request_can_carry_nothing_out() -> None:
    harmless = re.compile(r"\w+:(Describe|Get)\w+|cloudformation:(Create|Delete)ChangeSet")
    assert [action for action in actions("github", "PlanRole") if not harmless.fullmatch(action)] == []
    assert "secretsmanager:GetSecretValue" not in actions("github", "PlanRole")


def test_the_pipeline_passes_only_the_stages_roles_and_only_to_their_services() -> None:
    passed = [entry for entry in statements("github", "DeployRole") if "iam:PassRole" in entry["Action"]]
    assert [entry["Condition"]["StringEquals"]["iam:PassedToService"] for entry in passed] == [
        "ecs-tasks.amazonaws.com",
        "lambda.amazonaws.com",
    ]
    assert "*" not in json.dumps([entry["Resource"] for entry in passed]).replace("roles-*", "")


def test_the_functions_role_is_lambdas_and_the_gateways_that_zappa_gives_it_to() -> None:
    [statement] = properties("roles", "FunctionRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]}


def test_no_role_has_a_policy_that_is_not_in_sight() -> None:
    roles = [role for name in ("roles", "github") for role in resources(name, "AWS::IAM::Role").values()]
    assert len(roles) == len(ROLES)
    assert not [role for role in roles if "ManagedPolicyArns" in role]
