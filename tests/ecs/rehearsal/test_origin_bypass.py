"""Both origins refuse requests that do not come from CloudFront."""

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


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize("path", ["/picus/list", "/picus/get/x", "/__version__", "/"])
def test_load_balancer_responds_to_cloudfront_only(stage: RehearsedStage, path: str, guess: dict[str, str]) -> None:
    status, body = send(stage, "GET", path, Host=stage.outputs("service")["AlbHost"], **guess)
    assert (status, list(body)) == (403, ["error", "code"])


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
