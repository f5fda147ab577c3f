"""The private origin has no public address, and API Gateway refuses requests that do not come from CloudFront."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.ecs.rehearsal.rehearsed_stage import NAME, RehearsedStage

GUESSES = [{}, {"X-Origin-Secret": "guess", "x-api-key": "guess"}, {"X-Origin-Secret": "", "x-api-key": ""}]


def send(stage: RehearsedStage, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Return the status and the JSON of a request to the port without TLS, which no viewer uses."""
    parts = urlsplit(stage.emulator.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_load_balancer_has_no_public_address(stage: RehearsedStage) -> None:
    elb, name = stage.emulator.client("elbv2"), stage.outputs("private-origin")["AlbDnsName"]
    [balancer] = [entry for entry in elb.describe_load_balancers()["LoadBalancers"] if entry["DNSName"] == name]
    assert balancer["Scheme"] == "internal"
    groups = stage.emulator.client("ec2").describe_security_groups(GroupIds=balancer["SecurityGroups"])[
        "SecurityGroups"
    ]
    assert [rule["IpRanges"] for group in groups for rule in group["IpPermissions"]] == [[]]


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize("method", ["DELETE", "GET", "POST"])
def test_api_gateway_responds_to_cloudfront_only(stage: RehearsedStage, method: str, guess: dict[str, str]) -> None:
    resource = {"StackName": f"picus-delete-{NAME}", "LogicalResourceId": "Api"}
    found = stage.emulator.client("cloudformation").describe_stack_resource(**resource)["StackResourceDetail"]
    path = f"/_aws/execute-api/{found['PhysicalResourceId']}/{NAME}/picus/x"
    status, body = send(stage, method, path, **guess)
    assert (status, list(body)) == (403, ["error", "code"])


def test_only_api_key_is_that_of_the_template(stage: RehearsedStage) -> None:
    keys = stage.emulator.client("apigateway").get_api_keys()["items"]
    assert [key["id"] for key in keys] == [stage.outputs("api")["KeyId"]]
