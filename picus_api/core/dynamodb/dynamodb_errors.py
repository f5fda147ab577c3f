"""The two errors of a DynamoDB call, as subclasses of botocore's.

Both have the number of attempts, and ``response_lost``: True if the operation may have been carried out although it
failed.
"""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from picus_api.core.dynamodb.http_parser import HttpReply


class ServiceError(ClientError):
    """DynamoDB responded with an error. ``response`` has botocore's shape: Error, ResponseMetadata, others."""

    def __init__(self, reply: HttpReply, operation: str) -> None:
        body = _json_object(reply.body)
        kind = body.pop("__type", None)
        code = kind.split(":")[0].rpartition("#")[2] if isinstance(kind, str) and kind else str(reply.status)
        message = body.pop("message", None) or body.pop("Message", None) or ""
        metadata = {
            "RequestId": reply.headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": reply.status,
            "HTTPHeaders": reply.headers,
            "RetryAttempts": 0,
        }
        error = {"Code": code, "Message": str(message)}
        response: Any = {
            **body,
            "Error": error,
            "ResponseMetadata": metadata,
        }  # ClientError wants a TypedDict of stubs
        super().__init__(response, operation)
        self.code = code
        self.status = reply.status
        self.request_id = metadata["RequestId"]
        self.message = error["Message"]
        self.attempts = 1
        self.response_lost = False

    def record(self, attempts: int, *, response_lost: bool) -> None:
        """Record the attempts that led to this error."""
        self.attempts = attempts
        self.response_lost = response_lost
        self.response["ResponseMetadata"]["RetryAttempts"] = attempts - 1


class NoResponse(BotoCoreError):
    """DynamoDB did not respond in any of the attempts: no connection, a lost connection, or an unusable response."""

    fmt = "No response from DynamoDB to {operation} (attempts: {attempts}): {reason}"

    def __init__(self, *, operation: str, reason: str, attempts: int, response_lost: bool) -> None:
        super().__init__(operation=operation, reason=reason, attempts=attempts, response_lost=response_lost)
        self.operation = operation
        self.attempts = attempts
        self.response_lost = response_lost


def _json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in the body of an error; an empty one for other text, such as a proxy's page."""
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
