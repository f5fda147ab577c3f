"""The doctor on a good deployment, and on one with a fault."""

import pytest

from ecs.doctor.findings import FAIL, OK, Finding
from tests.ecs.doctor import faults
from tests.ecs.doctor.conftest import Examine
from tests.ecs.doctor.emulated_stage import COMMIT, EmulatedStage

FORWARD = [{"Type": "forward", "TargetGroupArn": "{TargetGroupArn}"}]
REFUSE = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "ContentType": "application/json"}}]
SECRET = {"HttpHeaderName": "X-Origin-Secret", "Values": ["{SentSecret}"]}
FUNCTION = {"FunctionName": "picus-delete-staging"}
VARIABLES = {"DYNAMODB_TABLE_NAME": "picus_data_staging", "PICUS_COMMIT": COMMIT}
METHOD = {"restApiId": "{ApiId}", "resourceId": "{ProxyId}", "httpMethod": "ANY"}
TABLE = {"TableName": "{TableName}"}


def patch(path: str, value: str) -> dict[str, list[dict[str, str]]]:
    return {"patchOperations": [{"op": "replace", "path": path, "value": value}]}


def function(name: str, bad: str) -> faults.Fault:
    """Return a fault of an environment variable of the function."""
    changed = {"Environment": {"Variables": VARIABLES | {name: bad}}}
    good = {"Environment": {"Variables": VARIABLES}}
    return faults.call("lambda", "update_function_configuration", FUNCTION, changed, good)


def recovery(on: bool) -> dict[str, dict[str, bool]]:
    return {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": on}}


def expiry(on: bool) -> dict[str, dict[str, object]]:
    return {"TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": on}}


FAULTS: dict[str, tuple[faults.Fault, set[str]]] = {
    "another template": (
        faults.changed_template,
        {"stacks: picus-staging-records is UPDATE_COMPLETE, not made from ecs/idempotency.yaml of this checkout"},
    ),
    "no secret for the load balancer": (faults.sent_secrets("alb", ""), {"load balancer: it refuses the secret"}),
    "old key for API Gateway": (faults.sent_secrets("api", "old"), {"API Gateway: it refuses the secret"}),
    "listener that forwards by default": (
        faults.call(
            "elbv2",
            "modify_listener",
            {"ListenerArn": "{ListenerArn}"},
            {"DefaultActions": FORWARD},
            {"DefaultActions": REFUSE},
        ),
        {"load balancer: rules that forward without a secret: default", "origin bypass: the load balancer responds"},
    ),
    "rule without the secret": (
        faults.call(
            "elbv2",
            "modify_rule",
            {"RuleArn": "{RuleArn}"},
            {"Conditions": [{"Field": "path-pattern", "Values": ["/*"]}]},
            {"Conditions": [{"Field": "http-header", "HttpHeaderConfig": SECRET}]},
        ),
        {
            "load balancer: rules that forward without a secret: 1",
            "load balancer: it refuses the secret",
            "origin bypass: the load balancer responds",
        },
    ),
    "API method without the key": (
        faults.call(
            "apigateway", "update_method", METHOD, patch("/apiKeyRequired", "false"), patch("/apiKeyRequired", "true")
        ),
        {"API Gateway: methods without the key: ANY /{proxy+}"},
    ),
    "key in no usage plan": (faults.key_without_usage_plan, {"API Gateway: it refuses the secret"}),
    "disabled key": (
        faults.call(
            "apigateway",
            "update_api_key",
            {"apiKey": "{KeyId}"},
            patch("/enabled", "false"),
            patch("/enabled", "true"),
        ),
        {"API Gateway: it refuses the secret"},
    ),
    "no point-in-time recovery": (
        faults.call("dynamodb", "update_continuous_backups", TABLE, recovery(False), recovery(True)),
        {"table: point-in-time recovery is DISABLED"},
    ),
    "no deletion protection": (
        faults.call(
            "dynamodb",
            "update_table",
            TABLE,
            {"DeletionProtectionEnabled": False},
            {"DeletionProtectionEnabled": True},
        ),
        {"table: deletion protection is off"},
    ),
    "records that never expire": (
        faults.call(
            "dynamodb", "update_time_to_live", {"TableName": "{IdempotencyTableName}"}, expiry(False), expiry(True)
        ),
        {"idempotency table: its records expire by nothing"},
    ),
    "service that may delete": (
        faults.added_policy("TaskRoleArn", Action="dynamodb:DeleteItem"),
        {"service's role: it also allows dynamodb:DeleteItem on *"},
    ),
    "function that may do nearly everything": (
        faults.added_policy("FunctionRoleArn", NotAction="iam:*"),
        {"function's role: it also allows * on *"},
    ),
    "function that may use all of S3": (
        faults.added_policy("FunctionRoleArn", Action="s3:*"),
        {"function's role: it also allows s3:* on *"},
    ),
    "function with the service's role": (
        faults.call(
            "lambda",
            "update_function_configuration",
            FUNCTION,
            {"Role": "{TaskRoleArn}"},
            {"Role": "{FunctionRoleArn}"},
        ),
        {"function's role: it lacks dynamodb:DeleteItem on picus_data_staging and also allows dynamodb:Batch"},
    ),
    "no task": (
        faults.call(
            "ecs",
            "update_service",
            {"cluster": "{ClusterName}", "service": "{ServiceName}"},
            {"desiredCount": 0},
            {"desiredCount": 1},
        ),
        {"service: 0 of 0 tasks run"},
    ),
    "function on another table": (
        function("DYNAMODB_TABLE_NAME", "picus_data"),
        {"function: its table is picus_data, the service's is picus_data_staging"},
    ),
    "function of another commit": (
        function("PICUS_COMMIT", "f" * 40),
        {f"function: its commit is {'f' * 40}, the service's is {COMMIT}"},
    ),
    "function of another build": (faults.other_package, {"function: it is not delete_fn.zip"}),
}


def problems(findings: list[Finding]) -> list[str]:
    """Return what is not OK, as it is printed, without the verdict."""
    assert len(findings) > 25
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


def test_one_cause_of_two_unread_subjects_is_said_once(stage: EmulatedStage, examine_stage: Examine) -> None:
    with faults.missing_idempotency_table(stage):
        [line] = problems(examine_stage())
    assert line.startswith("UNKNOWN idempotency table, roles: ")
    assert "ResourceNotFoundException" in line
