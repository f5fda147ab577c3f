"""Interpret the response to a repeated write after the response to an earlier attempt was lost.

The earlier attempt may have been carried out. If it made the condition false, DynamoDB refuses the repetition, and a
successful write would look like a failure:

- PutItem, refused by the item that it puts: the item is stored, which is success. (The repetition asks DynamoDB to
  return the item.) Another item: a true conflict.
- DeleteItem, refused because there is no item: the item is gone, which is success. It can't be known whether the lost
  request deleted it. An item (again): a true conflict.
- TransactWriteItems carries a token, by which DynamoDB recognises a repetition for 10 minutes.
- Unconditional puts and deletes, and batches of them, leave the same state the second time. (As with any SDK, a put by
  another client between the two attempts is overwritten, as if it had come first.)
- UpdateItem and PartiQL are not repeated after a lost response (retry.py).
"""

import json
from os import urandom

from picus_api.core.dynamodb.dynamodb_errors import ServiceError

RETURN_ITEM = "ReturnValuesOnConditionCheckFailure"
TOKEN_NAMES = {
    "ExecuteTransaction": "ClientRequestToken",
    "ExportTableToPointInTime": "ClientToken",
    "ImportTable": "ClientToken",
    "TransactWriteItems": "ClientRequestToken",
}


def with_token(operation: str, body: bytes) -> bytes:
    """Add an idempotency token to a request that can have one and has none, as botocore does."""
    name = TOKEN_NAMES.get(operation)
    return body if name is None else _with_member(body, name, urandom(16).hex())


def for_retry(operation: str, body: bytes) -> bytes:
    """Return the request to repeat after a lost response: it asks for the item that fails its condition."""
    if operation in ("PutItem", "DeleteItem") and b'"ConditionExpression"' in body:
        return _with_member(body, RETURN_ITEM, "ALL_OLD")
    return body


def _with_member(body: bytes, name: str, value: str) -> bytes:
    """Add a member to a JSON object, unless the object has it."""
    if name.encode() in body and name in json.loads(body):
        return body
    return body.rstrip()[:-1] + f',"{name}":"{value}"}}'.encode()


def has_succeeded(operation: str, body: bytes, error: ServiceError) -> bool:
    """Return True if a write that was repeated after a lost response, and refused with ``error``, is in effect."""
    if error.code != "ConditionalCheckFailedException":
        return False
    found = error.response.get("Item")
    if operation == "DeleteItem":
        return not found
    from picus_api.core.values.equality import same_attributes  # noqa: PLC0415 - hardly ever needed

    return operation == "PutItem" and isinstance(found, dict) and same_attributes(json.loads(body)["Item"], found)
