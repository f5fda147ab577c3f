"""The event and the context that the delete function gets from API Gateway (REST API, Lambda proxy integration)."""

import base64
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

ACCOUNT_ID = "000000000000"
API_ID = "local"


def rest_proxy_event(
    *,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]] = (),
    query: str = "",
    body: bytes = b"",
    stage: str = "local",
    request_id: str = "",
    source_ip: str = "127.0.0.1",
) -> dict[str, Any]:
    """Return the event of payload format 1.0 for the resource `/{proxy+}`, the one that Zappa creates.

    `path` is raw and without the stage; `query` is the raw part after the question mark. If a name came twice, the
    single-value mappings hold its last value, as on AWS.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    fields = list(headers)
    parameters = parse_qsl(query, keep_blank_values=True)
    text, is_base64 = _text(body)
    proxy = unquote(path.removeprefix("/"))
    resource = "/{proxy+}" if proxy else "/"
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": dict(fields) or None,
        "multiValueHeaders": _multi(fields),
        "queryStringParameters": dict(parameters) or None,
        "multiValueQueryStringParameters": _multi(parameters),
        "pathParameters": {"proxy": proxy} if proxy else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "domainName": f"{API_ID}.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": API_ID,
            "extendedRequestId": uuid.uuid4().hex[:16],
            "httpMethod": method,
            "identity": _identity(fields, source_ip),
            "path": f"/{stage}{path}",
            "protocol": "HTTP/1.1",
            "requestId": request_id or str(uuid.uuid4()),
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "requestTimeEpoch": time.time_ns() // 1_000_000,
            "resourceId": "proxy",
            "resourcePath": resource,
            "stage": stage,
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def _multi(pairs: list[tuple[str, str]]) -> dict[str, list[str]] | None:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values or None


def _text(body: bytes) -> tuple[str | None, bool]:
    """Return the body as JSON can carry it, and whether that is base64."""
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _identity(headers: list[tuple[str, str]], source_ip: str) -> dict[str, str | None]:
    unknown = ("accessKey", "accountId", "caller", "cognitoIdentityId", "principalOrgId", "user", "userArn")
    agent = next((value for name, value in headers if name.lower() == "user-agent"), None)
    return {**dict.fromkeys(unknown), "sourceIp": source_ip, "userAgent": agent}


@dataclass(frozen=True, kw_only=True)
class LambdaContext:
    """The context object of a Lambda invocation."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_name: str = "picus-local"
    function_version: str = "$LATEST"
    invoked_function_arn: str = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:picus-local"
    memory_limit_in_mb: str = "512"
    log_group_name: str = "/aws/lambda/picus-local"
    log_stream_name: str = "local"
    deadline: float = field(default_factory=lambda: time.monotonic() + 29)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the runtime would end the invocation."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))
