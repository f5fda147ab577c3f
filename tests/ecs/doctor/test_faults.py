"""The doctor on a good deployment, and on one with a fault."""

import json
from typing import Any

import pytest

from ecs.doctor.findings import FAIL, OK, Finding
from tests.ecs.doctor import faults
from tests.ecs.doctor.conftest import Examine
from tests.ecs.doctor.emulated_stage import COMMIT, EmulatedStage

FORWARD = [{"Type": "forward", "TargetGroupArn": "{TargetGroupArn}"}]
REFUSE = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}]
ANY_PATH = [{"Field": "path-pattern", "Values": ["/*"]}]
SECRET = {"HttpHeaderName": "X-Origin-Secret", "Values": ["{SentSecret}"]}
WITH_SECRET = [{"Field": "http-header", "HttpHeaderConfig": SECRET}]
METHOD = {"restApiId": "{ApiId}", "resourceId": "{ProxyId}", "httpMethod": "ANY"}
PLAN_KEY = {"usagePlanId": "{UsagePlanId}", "keyId": "{KeyId}"}
SERVICE = {"cluster": "{ClusterName}", "service": "{ServiceName}"}
REFUSED_SECRET = "load balancer: it refuses the secret"
REFUSED_KEY = "API Gateway: it refuses the secret"
BYPASS = "origin bypass: the load balancer responds"


def switch(operation: str, where: dict[str, str], path: str) -> faults.Fault:
    """Return a fault of API Gateway: a switch at `path` is off."""
    off, on = ({"patchOperations": [{"op": "replace", "path": path, "value": value}]} for value in ("false", "true"))
    return faults.call(f"apigateway.{operation}", where, off, on)


def policy(role: str, **statement: str) -> faults.Fault:
    """Return a fault: a role has one more inline policy."""
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", **statement}})
    names = {"RoleName": role, "PolicyName": "added"}
    return faults.call("iam.put_role_policy", names, {"PolicyDocument": document}, {}, repair="delete_role_policy")


def function(bad: dict[str, Any], good: dict[str, Any]) -> faults.Fault:
    return faults.call("lambda.update_function_configuration", {"FunctionName": "{FunctionName}"}, bad, good)


def variables(**changed: str) -> dict[str, Any]:
    good = {"DYNAMODB_TABLE_NAME": "{TableName}", "PICUS_COMMIT": COMMIT, "ANONYMOUS_SCOPES": "read"}
    good |= {"TTL_ATTRIBUTE": "until", "REQUIRE_IF_MATCH": "false"}
    return {"Environment": {"Variables": good | changed}}


def table(operation: str, name: str, parameter: str, off: Any, on: Any) -> faults.Fault:
    return faults.call(f"dynamodb.{operation}", {"TableName": name}, {parameter: off}, {parameter: on})


def recovery(on: bool) -> dict[str, bool]:
    return {"PointInTimeRecoveryEnabled": on}


def expiry(on: bool, attribute: str = "expires_at") -> dict[str, Any]:
    return {"AttributeName": attribute, "Enabled": on}


FAULTS: dict[str, tuple[faults.Fault, set[str]]] = {
    "another template": (
        faults.changed_template,
        {"stacks: picus-staging-records is UPDATE_COMPLETE, not made from ecs/idempotency.yaml of this checkout"},
    ),
    "no secret for the load balancer": (faults.sent_secrets("alb", ""), {REFUSED_SECRET}),
    "old key for API Gateway": (faults.sent_secrets("api", "old"), {REFUSED_KEY}),
    "listener that forwards by default": (
        faults.call(
            *("elbv2.modify_listener", {"ListenerArn": "{ListenerArn}"}),
            *({"DefaultActions": FORWARD}, {"DefaultActions": REFUSE}),
        ),
        {"load balancer: rules that forward without a secret: default", BYPASS},
    ),
    "rule without the secret": (
        faults.call(
            *("elbv2.modify_rule", {"RuleArn": "{RuleArn}"}),
            *({"Conditions": ANY_PATH}, {"Conditions": WITH_SECRET}),
        ),
        {"load balancer: rules that forward without a secret: 1", REFUSED_SECRET, BYPASS},
    ),
    "API method without the key": (
        switch("update_method", METHOD, "/apiKeyRequired"),
        {"API Gateway: methods without the key: ANY /{proxy+}"},
    ),
    "disabled key": (switch("update_api_key", {"apiKey": "{KeyId}"}, "/enabled"), {REFUSED_KEY}),
    "key in no usage plan": (
        faults.call(
            *("apigateway.delete_usage_plan_key", PLAN_KEY, {}, {"keyType": "API_KEY"}), repair="create_usage_plan_key"
        ),
        {REFUSED_KEY},
    ),
    "no point-in-time recovery": (
        table(
            *("update_continuous_backups", "{TableName}", "PointInTimeRecoverySpecification"),
            *(recovery(False), recovery(True)),
        ),
        {"table: point-in-time recovery is DISABLED"},
    ),
    "no deletion protection": (
        table("update_table", "{TableName}", "DeletionProtectionEnabled", False, True),
        {"table: deletion protection is off"},
    ),
    "records that never expire": (
        table(
            *("update_time_to_live", "{IdempotencyTableName}", "TimeToLiveSpecification"),
            *(expiry(False), expiry(True)),
        ),
        {"idempotency table: its records expire by nothing"},
    ),
    "items that never expire": (
        table(
            *("update_time_to_live", "{TableName}", "TimeToLiveSpecification"),
            *(expiry(False, "until"), expiry(True, "until")),
        ),
        {"table: its items expire by nothing"},
    ),
    "service that may delete": (
        policy("{TaskRoleName}", Action="dynamodb:DeleteItem"),
        {"service's role: it also allows dynamodb:DeleteItem on *"},
    ),
    "function that may do nearly everything": (
        policy("{FunctionRoleName}", NotAction="iam:*"),
        {"function's role: it also allows * on *"},
    ),
    "function that may use all of S3": (
        policy("{FunctionRoleName}", Action="s3:*"),
        {"function's role: it also allows s3:* on *"},
    ),
    "function with the service's role": (
        function({"Role": "{TaskRoleArn}"}, {"Role": "{FunctionRoleArn}"}),
        {"function's role: it lacks dynamodb:DeleteItem on picus_data_staging and also allows dynamodb:Batch"},
    ),
    "function on another table": (
        function(variables(DYNAMODB_TABLE_NAME="picus_data"), variables()),
        {"function: its table is picus_data, the service's is picus_data_staging"},
    ),
    "function of another commit": (
        function(variables(PICUS_COMMIT="f" * 40), variables()),
        {f"function: its commit is {'f' * 40}, the service's is {COMMIT}"},
    ),
    "function that allows more without a token": (
        function(variables(ANONYMOUS_SCOPES="delete"), variables()),
        {"access: ANONYMOUS_SCOPES of the function is 'delete', 'read' here"},
    ),
    "function with other rules for changes": (
        function(variables(TTL_ATTRIBUTE="", REQUIRE_IF_MATCH="true"), variables()),
        {
            "function: its TTL_ATTRIBUTE is not set, the service's is until",
            "function: its REQUIRE_IF_MATCH is true, the service's is false",
        },
    ),
    "listener without TLS": (
        faults.call(
            *("elbv2.modify_listener", {"ListenerArn": "{ListenerArn}"}), *({"Protocol": "HTTP"}, {"Protocol": "HTTPS"})
        ),
        {"load balancer: it listens to HTTP, CloudFront uses https-only"},
    ),
    "no task": (
        faults.call("ecs.update_service", SERVICE, {"desiredCount": 0}, {"desiredCount": 1}),
        {"service: 0 of 0 tasks run"},
    ),
}


def problems(findings: list[Finding]) -> list[str]:
    """Return what is not OK, as it is printed, without the verdict."""
    assert len(findings) > 20
    return [str(finding).removeprefix(f"{FAIL:<7} ") for finding in findings if finding.verdict != OK]


def test_good_deployment_has_no_problem(examine_stage: Examine) -> None:
    assert problems(examine_stage()) == []


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_with_a_fix_and_nothing_else(name: str, stage: EmulatedStage, examine_stage: Examine) -> None:
    fault, expected = FAULTS[name]
    with fault(stage):
        found = problems(examine_stage())
    assert {line for line in found if not line.startswith(tuple(expected))} == set()
    assert {part for part in expected if not any(line.startswith(part) for line in found)} == set()
    assert all(" -- " in line for line in found)


def test_function_of_another_build_fails(stage: EmulatedStage, examine_stage: Examine) -> None:
    built = stage.package.read_bytes()
    stage.package.write_bytes(built + b"\n")
    try:
        [problem] = problems(examine_stage())
    finally:
        stage.package.write_bytes(built)
    assert problem.startswith("function: it is not delete_fn.zip")


def test_one_cause_of_two_unread_subjects_is_said_once(stage: EmulatedStage, examine_stage: Examine) -> None:
    with faults.missing_idempotency_table(stage):
        [line] = problems(examine_stage())
    assert line.startswith("UNKNOWN idempotency table, roles: ")
    assert "ResourceNotFoundException" in line
