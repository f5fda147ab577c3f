"""Each role allows what its compute does, on its own resources, and docs/iam.md says why."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from picus_api.core import idempotency, store
from picus_api.core.dynamodb import table as core_table
from picus_api.core.dynamodb.transport import Transport
from picus_api.core.errors import ItemNotFound, PreconditionFailed
from picus_api.core.preconditions import Preconditions
from tests.dynamodb import ROOT
from tests.ecs.templates.template import actions, properties, resources, statements, template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ROLES = {
    "The execution role": ("roles", "ExecutionRole"),
    "The task role": ("roles", "TaskRole"),
    "The function's role": ("roles", "FunctionRole"),
    "The pipeline's role: releases": ("github", "DeployRole"),
    "The pipeline's role: doctor": ("github-reading", "DoctorRole"),
    "The pipeline's role: plans": ("github-reading", "PlanRole"),
    "The role for API Gateway's logs": ("roles", "GatewayLogsRole"),
}
TOKENS = {"${TableName}_tokens": {"GetItem"}}
# Actions for which IAM knows no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCE = re.compile(
    r"ecr:GetAuthorizationToken|cloudformation:GetTemplateSummary|ec2:Describe\w+|elasticloadbalancing:Describe\w+"
    r"|ecs:(Deregister|Describe)TaskDefinition"
)


@pytest.fixture
def operations(table: "Table", monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Collect the DynamoDB operations that the test calls on an empty table. Reads of the token table don't count."""
    called: set[str] = set()
    call = Transport.call

    def record(self: Transport, operation: str, body: Any) -> Any:
        # The read-only switch is read at most every 30 seconds, so not in every test.
        if "_tokens" in str(body):
            assert operation == "GetItem"
        else:
            called.add(operation)
        return call(self, operation, body)

    monkeypatch.setattr(Transport, "call", record)
    yield called
    core_table.shared_transport().close()


def granted(role: str) -> dict[str, set[str]]:
    """Return the DynamoDB actions that a role allows, by table name."""
    found: dict[str, set[str]] = {}
    for entry in statements("roles", role):
        actions = {action.removeprefix("dynamodb:") for action in entry["Action"] if action.startswith("dynamodb:")}
        for where in entry["Resource"] if actions else ():
            prefix, _, table = where["Fn::Sub"].partition("table/")
            assert prefix == "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:"
            found.setdefault(table, set()).update(actions)
    return found


def test_task_role_allows_exactly_the_calls_of_the_service(operations: set[str], client: Client) -> None:
    put = client.post("/picus/put", b'{"a": 1}', content_type="application/json")
    lines = client.post("/picus/put", b'{"a": 1}\n', content_type="application/x-ndjson")
    assert b"".join(lines)
    client.patch("/picus/put/none", b"{}", content_type="application/merge-patch+json")
    lists = ("/picus/list", "/picus/list?key=none", '/picus/list?filter=object_id = "none" AND a = 1')
    paths = (put["Location"], "/picus/get/none", "/__heartbeat__", *lists)
    responses = [client.get(path) for path in paths]
    assert all(b"".join(response) for response in responses[3:])
    assert [response.status_code for response in responses] == [200, 404, 200, 200, 200, 200]
    client.get("/picus/list", headers={"Prefer": "count=estimated"})

    assert operations == granted("TaskRole")["${TableName}"]
    assert granted("TaskRole")["${TableName}/index/*"] == {"Query"}


def test_task_role_may_only_put_records(operations: set[str], client: Client) -> None:
    client.post("/picus/put", b"{}", content_type="application/json", headers={"Idempotency-Key": '"k"'})
    # For a transaction IAM checks the permission of each write. GetItem is of the read-only switch, unless cached.
    assert operations - {"GetItem"} == {"TransactWriteItems"}
    assert granted("TaskRole")["${TableName}_idempotency"] == {"PutItem"}


def test_function_role_allows_exactly_the_calls_of_the_function(operations: set[str]) -> None:
    with pytest.raises(ItemNotFound):
        store.delete("none")
    with pytest.raises(PreconditionFailed):
        store.delete("none", Preconditions(match=frozenset({'"0"'}), none_match=None))

    assert granted("FunctionRole") == {"${TableName}": operations, **TOKENS}
    assert operations == {"DeleteItem"}


def test_task_role_covers_the_three_tables_only() -> None:
    records = idempotency.default_idempotency_table("${TableName}")
    assert set(granted("TaskRole")) == {"${TableName}", "${TableName}/index/*", records, *TOKENS}
    assert granted("TaskRole").items() >= TOKENS.items()


@pytest.mark.parametrize(("name", "role"), ROLES.values())
def test_no_role_has_needless_wildcards(name: str, role: str) -> None:
    for entry in statements(name, role):
        assert not [action for action in entry["Action"] if "*" in action]
        assert entry["Effect"] == "Allow"
        if "*" in entry["Resource"]:
            assert [action for action in entry["Action"] if not WITHOUT_RESOURCE.fullmatch(action)] == []


def _documented() -> Iterator[tuple[str, set[str]]]:
    for section in (ROOT / "docs/iam.md").read_text().split("\n## ")[1:]:
        yield section.partition("\n")[0], set(re.findall(r"^\| `([\w:]+)`", section, re.MULTILINE))


def test_iam_page_lists_exactly_the_permissions() -> None:
    found = {title: permissions for heading, permissions in _documented() for title in ROLES if title in heading}
    assert found == {title: actions(*where) for title, where in ROLES.items()}


def test_code_that_the_iam_page_names_exists() -> None:
    named = re.findall(r"`(\w+)`(?: |, )`((?:ecs|picus_\w+|delete_fn)/[\w./]+)`", (ROOT / "docs/iam.md").read_text())
    assert len(named) > 10
    assert [(word, path) for word, path in named if word not in (ROOT / path).read_text()] == []


def test_deploy_role_trusts_one_repository_and_environment() -> None:
    [statement] = properties("github", "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    wanted = statement["Condition"]["StringEquals"]
    assert wanted["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    old, new = wanted["token.actions.githubusercontent.com:sub"]
    assert old == {"Fn::Sub": "repo:${Repository}:environment:${Stage}"}
    assert new["Fn::If"][1] == {"Fn::Sub": "repo:${RepositoryWithIds}:environment:${Stage}"}
    pattern = template("github")["Parameters"]["RepositoryWithIds"]["AllowedPattern"]
    assert re.fullmatch(pattern, "octo-org@123/octo.repo@456")
    assert not re.fullmatch(pattern, "octo-org/*")


def test_deploy_role_trusts_main_only() -> None:
    [statement] = properties("github", "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:ref"] == "refs/heads/main"


def test_docs_set_every_parameter_of_the_github_stack() -> None:
    section = (ROOT / "docs/deploying.md").read_text().partition("\n## Deploy from GitHub")[2].partition("\n## ")[0]
    declared = {*template("github")["Parameters"], *template("github-reading")["Parameters"]}
    assert set(re.findall(r"\b([A-Z]\w+)=(?!=)", section)) == declared


def test_plan_role_can_not_execute_changes() -> None:
    harmless = re.compile(r"\w+:(Describe|Get)\w+|cloudformation:(Create|Delete)ChangeSet")
    assert [action for action in actions("github-reading", "PlanRole") if not harmless.fullmatch(action)] == []
    assert "secretsmanager:GetSecretValue" not in actions("github-reading", "PlanRole")


def test_doctor_role_only_reads_and_reads_no_items() -> None:
    reading = re.compile(r"\w+:(Describe|Get|List)\w+|apigateway:GET|dynamodb:Scan")
    assert [action for action in actions("github-reading", "DoctorRole") if not reading.fullmatch(action)] == []
    scanned = [
        entry["Resource"] for entry in statements("github-reading", "DoctorRole") if "dynamodb:Scan" in entry["Action"]
    ]
    assert [where["Fn::Sub"].rpartition("/")[2] for [where] in scanned] == ["${TableName}_tokens"]


def test_pipeline_reaches_the_gateway_and_edge_of_its_stage_only() -> None:
    for where in (("github", "DeployRole"), ("github-reading", "DoctorRole")):
        for entry in statements(*where):
            for action in entry["Action"]:
                if action.startswith(("apigateway:", "cloudfront:")):
                    named = re.compile(r"\$\{(ApiId|KeyId|UsagePlanId|DistributionId)\}")
                    assert [found for found in entry["Resource"] if not named.search(found["Fn::Sub"])] == [], action


def test_deploy_role_passes_roles_to_their_services_only() -> None:
    passed = [entry for entry in statements("github", "DeployRole") if "iam:PassRole" in entry["Action"]]
    assert [entry["Condition"]["StringEquals"]["iam:PassedToService"] for entry in passed] == [
        "ecs-tasks.amazonaws.com",
        "lambda.amazonaws.com",
    ]
    assert "*" not in json.dumps([entry["Resource"] for entry in passed]).replace("roles-*", "")


def test_function_role_trusts_lambda_and_api_gateway() -> None:
    [statement] = properties("roles", "FunctionRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["lambda.amazonaws.com", "apigateway.amazonaws.com"]}


def test_roles_of_services_trust_this_account_only() -> None:
    for role in resources("roles", "AWS::IAM::Role").values():
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        [condition] = statement["Condition"].values()
        assert condition == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_no_role_has_managed_policies() -> None:
    roles = [
        role for name in ("roles", "github", "github-reading") for role in resources(name, "AWS::IAM::Role").values()
    ]
    assert len(roles) == len(ROLES)
    assert not [role for role in roles if "ManagedPolicyArns" in role]
