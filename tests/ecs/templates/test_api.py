"""API Gateway's own responses, and its key."""

import json
from typing import Any

import pytest

from ecs.deploy.function import ACCESS_LOG_FORMAT
from picus_api.core import cors, errors
from tests.ecs.templates.template import properties, resources

RESPONSES = {entry["ResponseType"]: entry for entry in resources("api", "AWS::ApiGateway::GatewayResponse").values()}
# API Gateway's template replaces this by its message, with quotes.
MESSAGE = "$context.error.messageString"


def body(entry: dict[str, Any]) -> Any:
    return json.loads(entry["ResponseTemplates"]["application/json"].replace(MESSAGE, '"Too Many Requests"'))


@pytest.mark.parametrize("kind", sorted(RESPONSES))
def test_every_gateway_response_is_a_json_error_with_an_id(kind: str) -> None:
    entry = RESPONSES[kind]
    assert body(entry).keys() == {"error", "code"}
    assert all(body(entry).values())
    fields = entry["ResponseParameters"]
    assert fields["gatewayresponse.header.X-Request-Id"] == "context.requestId"
    assert fields["gatewayresponse.header.Access-Control-Allow-Origin"]["Fn::If"][:2] == ["HasCors", "'*'"]
    shown = fields["gatewayresponse.header.Access-Control-Expose-Headers"]["Fn::If"][1].strip("'").split(", ")
    assert set(shown) == {"Retry-After", "X-Request-Id"} <= set(cors.EXPOSED_HEADERS)
    assert list(entry["ResponseTemplates"]) == ["application/json"]


def test_default_gateway_responses_are_replaced() -> None:
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= RESPONSES.keys()


def test_gateway_uses_the_sentences_of_the_service() -> None:
    assert body(RESPONSES["DEFAULT_5XX"]) == errors.InternalError().body()
    assert body(RESPONSES["INVALID_API_KEY"]) == errors.NotThroughEdge().body()
    no_path, throttled = RESPONSES["MISSING_AUTHENTICATION_TOKEN"], RESPONSES["THROTTLED"]
    assert (no_path["StatusCode"], body(no_path)) == ("404", errors.PathNotFound().body())
    assert (throttled["StatusCode"], body(throttled)) == ("503", errors.ServiceBusy().body())
    assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_both_origins_refuse_with_the_same_response() -> None:
    [default] = properties("public-origin", "Listener")["DefaultActions"]
    assert body(RESPONSES["INVALID_API_KEY"]) == json.loads(default["FixedResponseConfig"]["MessageBody"])
    assert RESPONSES["INVALID_API_KEY"]["StatusCode"] == default["FixedResponseConfig"]["StatusCode"]


def test_usage_plan_covers_one_stage_and_throttles() -> None:
    plan = properties("api", "Plan")
    assert plan["ApiStages"] == [{"ApiId": {"Ref": "ApiId"}, "Stage": {"Ref": "ApiStage"}}]
    assert plan["Throttle"] == {"RateLimit": {"Ref": "Rate"}, "BurstLimit": {"Ref": "Burst"}}
    assert properties("api", "PlanKey")["KeyId"] == {"Ref": "Key"}
    assert properties("api", "SecondPlanKey")["KeyId"] == {"Ref": "SecondKey"}


def test_access_log_has_fields_without_query_strings() -> None:
    fields = json.loads(ACCESS_LOG_FORMAT)
    assert fields["path"] == "$context.path"
    assert "query" not in ACCESS_LOG_FORMAT.lower()
    assert properties("api", "AccessLog")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
