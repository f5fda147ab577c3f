"""Who comes around CloudFront is refused by both origins."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.rehearsal.staging import NAME, Staging

GUESSES = [{}, {"X-Origin-Secret": "guess", "x-api-key": "guess"}, {"X-Origin-Secret": "", "x-api-key": ""}]


def answer(stage: Staging, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """The status and the JSON of a request to the plain door, by which no distribution's viewer comes."""
    parts = urlsplit(stage.cloud.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize("path", ["/picus/list", "/picus/get/x", "/__version__", "/"])
def test_the_load_balancer_answers_the_edge_alone(stage: Staging, path: str, guess: dict[str, str]) -> None:
    status, body = answer(stage, "GET", path, Host=stage.outputs("service")["AlbHost"], **guess)
    assert (status, list(body)) == (403, ["error"])


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize("method", ["DELETE", "GET", "POST"])
def test_api_gateway_answers_the_edge_alone(stage: Staging, method: str, guess: dict[str, str]) -> None:
    resource = {"StackName": f"picus-delete-{NAME}", "LogicalResourceId": "Api"}
    found = stage.cloud.client("cloudformation").describe_stack_resource(**resource)["StackResourceDetail"]
    path = f"/_aws/execute-api/{found['PhysicalResourceId']}/{NAME}/picus/x"
    status, body = answer(stage, method, path, **guess)
    assert (status, list(body)) == (403, ["error"])


def test_the_only_key_is_the_templates(stage: Staging) -> None:
    keys = stage.cloud.client("apigateway").get_api_keys()["items"]
    assert [key["id"] for key in keys] == [stage.outputs("api")["KeyId"]]
