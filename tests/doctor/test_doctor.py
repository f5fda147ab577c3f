"""The doctor on a good deployment, and on ones that were broken on purpose."""

import json
from typing import Any

import pytest

from picus_project.doctor.findings import FAIL, OK, Finding
from tests.doctor import breaking
from tests.doctor.conftest import Diagnose
from tests.doctor.deployed import FUNCTION, Deployed

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
FUNCTION_SETTINGS: dict[str, Any] = {"FunctionName": FUNCTION}


def statement(**parts: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **parts}]})


def first_and_second_swapped(config: dict[str, Any]) -> None:
    items = config["CacheBehaviors"]["Items"]
    items.insert(0, items.pop())


def missing_404(config: dict[str, Any]) -> None:
    errors = config["CustomErrorResponses"]
    errors["Items"] = [entry for entry in errors["Items"] if entry["ErrorCode"] != 404]
    errors["Quantity"] -= 1


def no_headers(origin: dict[str, Any]) -> None:
    origin["CustomHeaders"] = {"Quantity": 0}


def wrong_headers(origin: dict[str, Any]) -> None:
    for entry in origin["CustomHeaders"]["Items"]:
        entry["HeaderValue"] = "of-yesterday"


BROKEN: dict[str, tuple[breaking.Break, set[str]]] = {
    "the delete pattern first": (
        breaking.distribution(first_and_second_swapped),
        {"edge: behaviours in order: /picus/*"},
    ),
    "a cached list": (breaking.behaviour(0, CachePolicyId=CACHING_OPTIMIZED), {"edge: cached: /picus/list"}),
    "the viewer's Host sent to API Gateway": (
        breaking.behaviour(5, OriginRequestPolicyId=ALL_VIEWER),
        {"edge: the viewer's Host goes to the load balancer and not to API Gateway: wrong for /picus/*"},
    ),
    "methods kept out": (
        breaking.behaviour(
            2,
            AllowedMethods={
                "Quantity": 2,
                "Items": ["GET", "HEAD"],
                "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
            },
        ),
        {"edge: all methods pass: not for /picus/put"},
    ),
    "kept errors": (breaking.distribution(missing_404), {"edge: errors kept for a while: 404"}),
    "no stage in the path": (
        breaking.origin("api", lambda origin: origin.update(OriginPath="")),
        {"edge: OriginPath is ''", "around the edge: the api origin answers"},
    ),
    "no secret sent": (
        breaking.origin("alb", no_headers),
        {"edge: x-origin-secret is not sent", "load balancer: it refuses the secret"},
    ),
    "an old key sent": (breaking.origin("api", wrong_headers), {"API Gateway: it refuses the key"}),
    "a disabled distribution": (
        breaking.distribution(lambda config: config.update(Enabled=False)),
        {"edge: enabled: False"},
    ),
    "connections that CloudFront keeps too long": (
        breaking.timeout("alb", OriginKeepaliveTimeout=60),
        {"timeouts: CloudFront's keep-alive (60 s) must be shorter"},
    ),
    "a CloudFront that gives up before API Gateway": (
        breaking.timeout("api", OriginReadTimeout=20),
        {"timeouts: API Gateway's timeout (29 s) must be shorter"},
    ),
    "connections that the load balancer keeps longer than gunicorn": (
        breaking.attribute(
            "modify_load_balancer_attributes",
            "idle_timeout.timeout_seconds",
            "120",
            "60",
            LoadBalancerArn="LoadBalancerArn",
        ),
        {"timeouts: the load balancer's idle timeout (120 s) must be shorter"},
    ),
    "a drain longer than gunicorn's": (
        breaking.attribute(
            "modify_target_group_attributes",
            "deregistration_delay.timeout_seconds",
            "300",
            "45",
            TargetGroupArn="TargetGroupArn",
        ),
        {"timeouts: the deregistration delay (300 s) must be shorter"},
    ),
    "a health check of DynamoDB": (
        breaking.calling(
            "elbv2",
            "modify_target_group",
            {"HealthCheckPath": "/__heartbeat__"},
            {"HealthCheckPath": "/__lbheartbeat__"},
            TargetGroupArn="TargetGroupArn",
        ),
        {"load balancer: its health check asks /__heartbeat__"},
    ),
    "a listener for everybody": (
        breaking.default_forwards,
        {
            "load balancer: without the secret: forward",
            "load balancer: rules that forward without a secret: default",
            "around",
        },
    ),
    "a rule without the secret": (
        breaking.rule_asks_for_a_path,
        {
            "load balancer: rules that forward without a secret: 1",
            "load balancer: it refuses the secret",
            "around the edge: the alb origin answers",
        },
    ),
    "an API method without its key": (
        breaking.open_method,
        {"API Gateway: methods without the key: ANY /{proxy+}"},
    ),
    "a key in no usage plan": (breaking.key_in_no_plan, {"API Gateway: it refuses the key"}),
    "a key that is switched off": (breaking.disabled_key, {"API Gateway: it refuses the key"}),
    "no point-in-time recovery": (
        breaking.calling(
            "dynamodb",
            "update_continuous_backups",
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
            TableName="TableName",
        ),
        {"table: point-in-time recovery is off"},
    ),
    "no deletion protection": (
        breaking.calling(
            "dynamodb",
            "update_table",
            {"DeletionProtectionEnabled": False},
            {"DeletionProtectionEnabled": True},
            TableName="TableName",
        ),
        {"table: deletion protection is off"},
    ),
    "Idempotency-Keys for ever": (
        breaking.calling(
            "dynamodb",
            "update_time_to_live",
            {"TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": False}},
            {"TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True}},
            TableName="RecordsTableName",
        ),
        {"idempotency table: its records expire by nothing"},
    ),
    "a service that may delete": (
        breaking.policy("TaskRoleArn", statement(Action="dynamodb:DeleteItem")),
        {"service's role: it has dynamodb:DeleteItem too, on picus_data_staging", "service's role: on *"},
    ),
    "a function that may do everything": (
        breaking.policy("FunctionRoleArn", statement(NotAction="iam:*")),
        {"function's role: it has * too", "function's role: on *", "function's role: its wildcard actions: *"},
    ),
    "a function that may use all of S3": (
        breaking.policy("FunctionRoleArn", statement(Action="s3:*")),
        {"function's role: its wildcard actions: s3:*"},
    ),
    "a service that is stopped before it is replaced": (
        breaking.calling(
            "ecs",
            "update_service",
            {"deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100}},
            {
                "deploymentConfiguration": {
                    "minimumHealthyPercent": 100,
                    "maximumPercent": 200,
                    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                }
            },
            cluster="ClusterName",
            service="ServiceName",
        ),
        {"service: while it is replaced, 0 to 100 %", "service: the circuit breaker does not roll"},
    ),
    "no task": (
        breaking.calling(
            "ecs",
            "update_service",
            {"desiredCount": 0},
            {"desiredCount": 1},
            cluster="ClusterName",
            service="ServiceName",
        ),
        {"service: 0 of 0 tasks run"},
    ),
    "a function on another table": (
        breaking.variables(DYNAMODB_TABLE_NAME="picus_data"),
        {"function: its table is picus_data, the service's picus_data_staging"},
    ),
    "a function of another commit": (
        breaking.variables(PICUS_COMMIT="f" * 40),
        {f"function: its commit is {'f' * 40}, the service's 0123456789"},
    ),
    "a function with the service's role": (
        breaking.with_role("TaskRoleArn"),
        {
            "function: its role is arn:aws:iam::000000000000:role/picus-staging-roles-TaskRole",
            "function's role: it lacks dynamodb:DeleteItem and has dynamodb:BatchWriteItem, dynamodb:GetItem",
            "function's role: on arn:aws:dynamodb:us-east-1:000000000000:table/picus_data_staging, arn:",
        },
    ),
    "a slow function": (
        breaking.calling(
            "lambda",
            "update_function_configuration",
            {**FUNCTION_SETTINGS, "Timeout": 60},
            {**FUNCTION_SETTINGS, "Timeout": 20},
        ),
        {"timeouts: the function's timeout (60 s) must be shorter"},
    ),
    "Zappa's own handler": (
        breaking.calling(
            "lambda",
            "update_function_configuration",
            {**FUNCTION_SETTINGS, "Handler": "handler.lambda_handler"},
            {**FUNCTION_SETTINGS, "Handler": "delete_fn.handler.handler"},
        ),
        {"function: its handler is handler.lambda_handler"},
    ),
    "a function of another build": (breaking.other_package, {"function: it is not delete_fn.zip"}),
}


def wrong(findings: list[Finding]) -> list[str]:
    """All that is not OK, as it is printed, without the verdict."""
    assert len(findings) > 40
    return [str(finding).removeprefix(f"{FAIL:<7} ") for finding in findings if finding.verdict != OK]


def test_a_good_deployment_has_nothing_wrong(diagnose: Diagnose) -> None:
    assert wrong(diagnose()) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_and_nothing_else(name: str, stage: Deployed, diagnose: Diagnose) -> None:
    breaks, expected = BROKEN[name]
    with breaks(stage):
        found = wrong(diagnose())
    assert {line for line in found if not line.startswith(tuple(expected))} == set()
    assert {part for part in expected if not any(line.startswith(part) for line in found)} == set()
    assert all(" -- " in line for line in found), "each says what to do"
