"""The event of the delete function, compared as a whole with API Gateway's."""

import re
from typing import Any

import pytest

from picus_project.local.events import LambdaContext, rest_proxy_event


def stable(event: dict[str, Any]) -> dict[str, Any]:
    """Check the fields that differ each time, and return the event without them."""
    context = event["requestContext"]
    assert re.fullmatch(r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} \+0000", context.pop("requestTime"))
    assert context.pop("requestTimeEpoch") > 1_600_000_000_000
    assert context.pop("extendedRequestId")
    return event


def test_event_has_every_field_of_api_gateway() -> None:
    event = rest_proxy_event(
        method="DELETE",
        path="/picus/a%2Fb%20c",
        headers=[("Host", "x"), ("User-Agent", "curl"), ("X-Multi", "1"), ("X-Multi", "2")],
        query="a=1&a=%20&b=",
        body=b'{"x": 1}',
        stage="production",
        request_id="the-id",
        source_ip="203.0.113.9",
    )
    assert stable(event) == {
        "resource": "/{proxy+}",
        "path": "/picus/a%2Fb%20c",
        "httpMethod": "DELETE",
        "headers": {"Host": "x", "User-Agent": "curl", "X-Multi": "2"},
        "multiValueHeaders": {"Host": ["x"], "User-Agent": ["curl"], "X-Multi": ["1", "2"]},
        "queryStringParameters": {"a": " ", "b": ""},
        "multiValueQueryStringParameters": {"a": ["1", " "], "b": [""]},
        "pathParameters": {"proxy": "picus/a/b c"},
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "local.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "local",
            "httpMethod": "DELETE",
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoIdentityId": None,
                "principalOrgId": None,
                "sourceIp": "203.0.113.9",
                "user": None,
                "userAgent": "curl",
                "userArn": None,
            },
            "path": "/production/picus/a%2Fb%20c",
            "protocol": "HTTP/1.1",
            "requestId": "the-id",
            "resourceId": "proxy",
            "resourcePath": "/{proxy+}",
            "stage": "production",
        },
        "body": '{"x": 1}',
        "isBase64Encoded": False,
    }


def test_absent_parts_of_a_request_are_null() -> None:
    event = rest_proxy_event(method="GET", path="/")
    absent = ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters", "body")
    assert {name: event[name] for name in (*absent, "pathParameters", "stageVariables")} == dict.fromkeys(
        (*absent, "pathParameters", "stageVariables")
    )
    assert event["resource"] == "/"


def test_request_ids_are_unique() -> None:
    ids = {rest_proxy_event(method="GET", path="/x")["requestContext"]["requestId"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("body", "sent"), [(b"", (None, False)), ("é".encode(), ("é", False)), (b"\xff\xfe", ("//4=", True))]
)
def test_body_is_text_or_base64(body: bytes, sent: tuple[str | None, bool]) -> None:
    event = rest_proxy_event(method="POST", path="/x", body=body)
    assert (event["body"], event["isBase64Encoded"]) == sent


def test_context_counts_down() -> None:
    first, second = LambdaContext(), LambdaContext()
    assert first.aws_request_id != second.aws_request_id
    assert 0 < first.get_remaining_time_in_millis() <= 29_000
    assert LambdaContext(deadline=0.0).get_remaining_time_in_millis() == 0
