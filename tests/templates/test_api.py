"""API Gateway's own answers and its key."""

import json
from typing import Any

import pytest

from picus_api.core import cors, messages
from tests.templates.template import properties, resources

RESPONSES = {entry["ResponseType"]: entry for entry in resources("api", "AWS::ApiGateway::GatewayResponse").values()}
# What Velocity makes of it: API Gateway's sentence, quotes and all.
MESSAGE = "$context.error.messageString"


def body(entry: dict[str, Any]) -> Any:
    return json.loads(entry["ResponseTemplates"]["application/json"].replace(MESSAGE, '"Too Many Requests"'))


@pytest.mark.parametrize("kind", sorted(RESPONSES))
def test_every_answer_of_the_gateway_is_an_error_with_an_id(kind: str) -> None:
    entry = RESPONSES[kind]
    [(name, sentence)] = body(entry).items()
    assert name == "error"
    assert sentence
    fields = entry["ResponseParameters"]
    assert fields["gatewayresponse.header.X-Request-Id"] == "context.requestId"
    assert fields["gatewayresponse.header.Access-Control-Allow-Origin"]["Fn::If"][:2] == ["HasCors", "'*'"]
    shown = fields["gatewayresponse.header.Access-Control-Expose-Headers"]["Fn::If"][1].strip("'").split(", ")
    assert set(shown) == {"Retry-After", "X-Request-Id"} <= set(cors.EXPOSED_HEADERS)
    assert list(entry["ResponseTemplates"]) == ["application/json"]


def test_whatever_else_the_gateway_refuses_has_the_shape_too() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= RESPONSES.keys()


def test_its_sentences_and_statuses_are_the_services_own() -> None:
    assert body(RESPONSES["DEFAULT_5XX"])["error"] == messages.INTERNAL
    no_path, throttled = RESPONSES["MISSING_AUTHENTICATION_TOKEN"], RESPONSES["THROTTLED"]
    assert (no_path["StatusCode"], body(no_path)["error"]) == ("404", messages.NO_SUCH_PATH)
    assert (throttled["StatusCode"], body(throttled)["error"]) == ("503", messages.BUSY)
    assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_around_the_edge_it_says_what_the_load_balancer_says() -> None:
    [default] = properties("service", "Listener")["DefaultActions"]
    assert body(RESPONSES["INVALID_API_KEY"]) == json.loads(default["FixedResponseConfig"]["MessageBody"])
    assert RESPONSES["INVALID_API_KEY"]["StatusCode"] == default["FixedResponseConfig"]["StatusCode"]


def test_the_key_opens_this_stage_alone_and_is_throttled() -> None:
    plan = properties("api", "Plan")
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "ApiId"}, "Stage": {"Ref": "ApiStage"}}]
    assert plan["Throttle"] == {"RateLimit": {"Ref": "Rate"}, "BurstLimit": {"Ref": "Burst"}}
    assert properties("api", "PlanKey")["KeyId"] == {"Ref": "Key"}
