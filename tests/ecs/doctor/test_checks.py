"""Checks on responses of AWS that an emulator can't be brought to give."""

from typing import Any

import pytest

from ecs.doctor import access, origins, releases, roles, tables
from ecs.doctor.findings import FAIL, OK, Finding, exit_status, judge, unknown
from ecs.doctor.http_get import GetResponse, get
from tests.dynamodb import free_port

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/picus_data"
ORIGINS = {"Origins": {"Items": [{"Id": "alb"}, {"Id": "api"}]}}


def problems(findings: list[Finding]) -> list[str]:
    return [finding.says for finding in findings if finding.verdict != OK]


@pytest.mark.parametrize(
    ("key", "types", "says"),
    [
        ({"object_id": "HASH"}, {"object_id": "N"}, "its key is object_id (HASH N)"),
        ({"id": "HASH"}, {"id": "S"}, "its key is id (HASH S)"),
        (
            {"object_id": "HASH", "at": "RANGE"},
            {"object_id": "S", "at": "N"},
            "its key is object_id (HASH S), at (RANGE N)",
        ),
    ],
)
def test_table_with_another_key_fails(key: dict[str, str], types: dict[str, str], says: str) -> None:
    table = {
        "TableName": "picus_data",
        "TableStatus": "UPDATING",
        "DeletionProtectionEnabled": True,
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in key.items()],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()],
    }
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    assert problems(tables.check_item_table(table, recovery)) == ["picus_data is UPDATING", says]


def test_denials_grant_nothing_and_missing_actions_are_named() -> None:
    deny = {"Statement": {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}}
    allow = {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": ARN}]}
    assert problems([roles.check_role("role", [deny, allow], {ARN: roles.SERVICE_ACTIONS})]) == [
        "it lacks dynamodb:BatchGetItem on picus_data, dynamodb:BatchWriteItem on picus_data, "
        "dynamodb:DescribeTable on picus_data, dynamodb:Query on picus_data, dynamodb:Scan on picus_data"
    ]


def test_each_table_has_its_own_actions() -> None:
    other = f"{ARN}_idempotency"
    allow = {
        "Statement": {"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:Scan"], "Resource": [ARN, other]}
    }
    needed = {ARN: frozenset({"dynamodb:PutItem", "dynamodb:Scan"}), other: roles.IDEMPOTENCY_ACTIONS}
    assert problems([roles.check_role("role", [allow], needed)]) == [
        "it also allows dynamodb:Scan on picus_data_idempotency"
    ]


def test_api_without_methods_fails() -> None:
    found = problems(origins.check_api_gateway([], ["key"], ORIGINS))
    assert found == ["methods without the key: no methods at all", "it refuses the secret that CloudFront sends"]


@pytest.mark.parametrize("default", ["first", "second"])
def test_one_of_two_listeners_that_forwards_by_default_fails(default: str) -> None:
    refuse = {"IsDefault": True, "Priority": "other", "Actions": [{"Type": "fixed-response"}]}
    forward = {"IsDefault": True, "Priority": "default", "Actions": [{"Type": "forward", "TargetGroupArn": ARN}]}
    rules = [forward, refuse] if default == "first" else [refuse, forward]
    found = problems(origins.check_load_balancer(rules, ORIGINS))
    assert "rules that forward without a secret: default" in found


@pytest.mark.parametrize(("status", "verdict"), [(403, OK), (0, OK), (200, FAIL), (404, FAIL), (502, FAIL)])
def test_origin_responds_403_or_nothing_without_the_secret(status: int, verdict: str) -> None:
    assert origins.check_origin_bypass(origins.LOAD_BALANCER, GetResponse(status, "why")).verdict == verdict


def task_definition(**environment: str) -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in environment.items()]
    return {"containerDefinitions": [{"image": "picus:abcdef", "environment": entries}]}


def test_failed_deployment_fails_while_old_tasks_run() -> None:
    service = {"runningCount": 2, "desiredCount": 2, "deployments": [{"rolloutState": "FAILED"}]}
    found = problems(releases.check_service(service, task_definition(ALLOWED_HOSTS=".cloudfront.net")))
    assert found == ["2 of 2 tasks run, and a deployment failed"]


@pytest.mark.parametrize("hosts", ["", "*", "a.example,*"])
def test_service_that_accepts_any_host_or_none_fails(hosts: str) -> None:
    service = {"runningCount": 2, "desiredCount": 2}
    assert problems(releases.check_service(service, task_definition(ALLOWED_HOSTS=hosts))) == [
        f"ALLOWED_HOSTS is {hosts!r}"
    ]


@pytest.mark.parametrize(
    ("body", "deployed", "commit", "failures"),
    [
        ('{"commit": "abcdef"}', "abcdef", "abcdef", 0),
        ('{"commit": "abcdef"}', "abcdef", "", 0),
        ('{"commit": "abcdef"}', "abc", "", 1),
        ('{"commit": "abcdef"}', "old", "", 1),
        ('{"commit": "abcdef"}', "abcdef", "new", 1),
        ('{"commit": "abcdef"}', "", "", 1),
        ("<html>", "abcdef", "", 1),
        ("[]", "abcdef", "abcdef", 1),
    ],
)
def test_domain_must_serve_the_deployed_commit(body: str, deployed: str, commit: str, failures: int) -> None:
    response = GetResponse(200, "OK", body.encode())
    assert len(problems([releases.check_version(response, deployed, commit)])) == failures


def test_domain_without_response_fails() -> None:
    found = releases.check_version(get(f"http://127.0.0.1:{free_port()}/__version__"), "abcdef", "")
    assert (found.verdict, found.says.partition(":")[0]) == (FAIL, "/__version__ responds nothing")
    assert "ConnectionRefusedError" in found.says


def test_exit_status_prefers_unknown_to_wrong() -> None:
    good, bad, unseen = judge("x", True, "", ""), judge("x", False, "", ""), unknown("x", "", "")
    assert [exit_status(found) for found in ([good], [good, bad], [good, bad, unseen])] == [0, 1, 2]


def distribution(policy: str = "https-only", **alb: Any) -> dict[str, Any]:
    origin = {"Id": "alb", "CustomOriginConfig": {"OriginProtocolPolicy": policy}, **alb}
    return {"Origins": {"Items": [origin, {"Id": "api"}]}}


@pytest.mark.parametrize(
    ("protocols", "policy", "says"),
    [
        (["HTTPS"], "https-only", []),
        (["HTTP", "HTTPS"], "https-only", ["it listens to HTTP, HTTPS, CloudFront uses https-only"]),
        (["HTTPS"], "http-only", ["it listens to HTTPS, CloudFront uses http-only"]),
        ([], "https-only", ["it listens to nothing, CloudFront uses https-only"]),
    ],
)
def test_public_load_balancer_must_use_tls_only(protocols: list[str], policy: str, says: list[str]) -> None:
    listeners = [{"Protocol": name} for name in protocols]
    assert problems([origins.check_tls(listeners, distribution(policy))]) == says


@pytest.mark.parametrize(
    ("scheme", "ranges", "says"),
    [
        ("internal", [], []),
        ("internet-facing", [], ["it is internet-facing, behind a VPC origin"]),
        ("internal", [{"CidrIp": "0.0.0.0/0"}], ["it admits the addresses 0.0.0.0/0"]),
    ],
)
def test_private_load_balancer_has_no_public_way_in(scheme: str, ranges: list[dict[str, str]], says: list[str]) -> None:
    sent = distribution(VpcOriginConfig={"VpcOriginId": "vo_1"})
    assert origins.is_private(sent)
    assert problems(origins.check_private({"Scheme": scheme}, [{"IpRanges": ranges}], sent)) == says


def token(*scopes: str, **expires: str) -> dict[str, Any]:
    return {"scopes": {"SS": list(scopes)}, **{name: {"N": value} for name, value in expires.items()}}


@pytest.mark.parametrize(
    ("service", "items", "says"),
    [
        ("none", [], "anonymous: none; no tokens"),
        (
            "read",
            [token("delete", "read"), token("delete"), token("delete", expires="1"), {}],
            "anonymous: read; 1 token can read, 2 tokens can delete",
        ),
        ("", [], "anonymous: none, because it is not set; no tokens"),
    ],
)
def test_access_says_who_can_do_what(service: str, items: list[Any], says: str) -> None:
    equal, access_finding = access.check_access(service, service, items)
    assert (equal.verdict, access_finding.says) == (OK, says)
    assert access_finding.verdict == (OK if service else FAIL)
    assert problems(access.check_access("read", "none", [])) == [
        "ANONYMOUS_SCOPES of the function is 'none', 'read' here"
    ]
