"""What no emulator can be brought to show, judged from AWS's answers themselves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from picus_project.doctor import around, balancer, clock, gateway, roles, service, table, versions
from picus_project.doctor.fetching import Answer, get
from picus_project.doctor.findings import FAIL, OK, UNKNOWN, Finding, exit_status, judge, unknown
from tests.dynamodb import free_port

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/picus_data"


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.says for finding in findings if finding.verdict != OK]


@pytest.mark.parametrize(
    ("date", "verdict"),
    [
        ("Sat, 01 Aug 2026 12:04:59 GMT", OK),
        ("Sat, 01 Aug 2026 11:55:01 GMT", OK),
        ("Sat, 01 Aug 2026 12:05:00 GMT", FAIL),
        ("Sat, 01 Aug 2026 11:00:00 GMT", FAIL),
        ("", UNKNOWN),
    ],
)
def test_a_clock_may_be_less_than_five_minutes_off(date: str, verdict: str) -> None:
    assert clock.check(date, NOON).verdict == verdict


def described(key: list[tuple[str, str]], types: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "TableName": "picus_data",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in key],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()],
        **more,
    }


@pytest.mark.parametrize(
    ("key", "types", "says"),
    [
        ([("object_id", "HASH")], {"object_id": "N"}, "its key is object_id (HASH N)"),
        ([("id", "HASH")], {"id": "S"}, "its key is id (HASH S)"),
        (
            [("object_id", "HASH"), ("at", "RANGE")],
            {"object_id": "S", "at": "N"},
            "its key is object_id (HASH S), at (RANGE N)",
        ),
    ],
)
def test_a_table_with_another_key_is_wrong(key: list[tuple[str, str]], types: dict[str, str], says: str) -> None:
    assert says in wrong(table.check(described(key, types), {}))


def test_a_provisioned_table_that_is_being_changed_is_wrong_twice() -> None:
    found = described(
        [("object_id", "HASH")], {"object_id": "S"}, TableStatus="UPDATING", DeletionProtectionEnabled=True
    )
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    assert wrong(table.check(found, recovery)) == ["picus_data is UPDATING", "its billing is PROVISIONED"]


def test_a_denial_grants_nothing_and_a_missing_action_is_named() -> None:
    policy = {"Statement": {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}}
    few = {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": ARN}]}
    assert wrong(roles.check("role", [policy, few], {ARN: roles.SERVICE_ACTIONS})) == [
        "it lacks dynamodb:BatchWriteItem, dynamodb:PutItem, dynamodb:Scan, on picus_data"
    ]


def test_each_table_has_actions_of_its_own() -> None:
    records = f"{ARN}_idempotency"
    both = {"Statement": {"Effect": "Allow", "Action": list(roles.SERVICE_ACTIONS), "Resource": [ARN, records]}}
    assert wrong(roles.check("role", [both], {ARN: roles.SERVICE_ACTIONS, records: roles.RECORDS_ACTIONS})) == [
        "it has dynamodb:BatchWriteItem, dynamodb:GetItem, dynamodb:Scan too, on picus_data_idempotency"
    ]


def test_an_api_without_methods_or_at_the_edge_is_wrong() -> None:
    api = {"endpointConfiguration": {"types": ["EDGE"]}}
    assert wrong(gateway.check(api, [], [{"throttle": {"rateLimit": 1}}], ["key"], "key")) == [
        "its endpoint is EDGE",
        "methods without the key: no methods at all",
    ]


def task(**environment: str) -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in environment.items()]
    return {"containerDefinitions": [{"image": "picus:abcdef", "environment": entries}]}


def test_a_deployment_that_failed_is_said_though_tasks_run() -> None:
    state = {"runningCount": 2, "desiredCount": 2, "deployments": [{"rolloutState": "FAILED"}]}
    assert "2 of 2 tasks run, and a deployment failed" in wrong(service.check(state, task(ALLOWED_HOSTS="a")))


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, ["it answers to no name"]),
        ({"ALLOWED_HOSTS": "*"}, ["it answers to *"]),
        ({"ALLOWED_HOSTS": "a.example,*"}, ["it answers to a.example,*"]),
        ({"ALLOWED_HOSTS": ".cloudfront.net"}, []),
    ],
)
def test_a_service_answers_to_names_of_its_own(environment: dict[str, str], says: list[str]) -> None:
    how = {
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    }
    state = {"runningCount": 2, "desiredCount": 2, "deploymentConfiguration": how}
    assert wrong(service.check(state, task(**environment))) == says


@pytest.mark.parametrize("image", ["host:5000/picus", "picus@sha256:aa", "123.dkr.ecr/picus-staging"])
def test_an_image_without_a_tag_has_none(image: str) -> None:
    assert service.image_tag({"containerDefinitions": [{"image": image}]}) == ""


def answer(body: str) -> Answer:
    return Answer(200, "OK", "", body.encode())


@pytest.mark.parametrize(
    ("body", "tag", "commit", "failures"),
    [
        ('{"commit": "abcdef"}', "abcdef", "abcdef", 0),
        ('{"commit": "abcdef"}', "abc", "", 0),
        ('{"commit": "abcdef"}', "old", "", 1),
        ('{"commit": "abcdef"}', "abcdef", "new", 1),
        ('{"commit": "abcdef"}', "", "", 1),
        ("<html>", "abcdef", "", 1),
        ("[]", "abcdef", "abcdef", 2),
    ],
)
def test_the_domain_must_serve_the_image_and_the_commit(body: str, tag: str, commit: str, failures: int) -> None:
    assert len(wrong(versions.check(answer(body), tag, commit))) == failures


def test_a_domain_that_does_not_answer_is_wrong() -> None:
    found = versions.check(get(f"http://127.0.0.1:{free_port()}/__version__"), "abcdef", "")
    assert [finding.verdict for finding in found] == [FAIL]
    assert "/__version__ answers nothing: ConnectionRefusedError" in found[0].says


@pytest.mark.parametrize(("status", "verdict"), [(403, OK), (0, OK), (200, FAIL), (404, FAIL), (502, FAIL)])
def test_an_origin_may_answer_403_or_nothing_to_those_who_come_around(status: int, verdict: str) -> None:
    assert around.check("alb", Answer(status, "why")).verdict == verdict


def test_what_could_not_be_looked_at_outweighs_what_is_wrong() -> None:
    good, bad, unseen = judge("x", True, "", ""), judge("x", False, "", ""), unknown("x", "")
    assert [exit_status(found) for found in ([good], [good, bad], [good, bad, unseen])] == [0, 1, 2]


REFUSE = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}
FORWARD = {"Type": "forward", "TargetGroupArn": ARN}


@pytest.mark.parametrize("actions", [(REFUSE, FORWARD), (FORWARD, REFUSE)])
def test_one_of_two_listeners_that_answers_everybody_is_wrong(actions: tuple[dict[str, Any], ...]) -> None:
    rules = [{"IsDefault": True, "Priority": "default", "Actions": [action]} for action in actions]
    found = wrong(balancer.check(rules, {"HealthCheckPath": "/__lbheartbeat__"}, ""))
    assert [says for says in found if says.startswith("without the secret: ") and "forward" in says]
