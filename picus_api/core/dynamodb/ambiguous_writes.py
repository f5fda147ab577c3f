"""What the answer to a repeated write means when the answer to an earlier one was lost.

The earlier request may or may not have been carried out. A condition that it made false then refuses the
repetition, which would tell the caller of a success that it failed:

- PutItem, refused by the very item that it puts: it is in place, which is success. (To see the item, a
  repetition asks DynamoDB to return it.) Another item in place: a true conflict.
- DeleteItem, refused by nothing being there: the item is gone, which is success. Whether the lost request
  removed it or it never was there can't be known; the former is far likelier, and the state afterwards is the
  one that was asked for. Something in place (again): a true conflict.
- TransactWriteItems carry a token, by which DynamoDB recognises a repetition itself (for 10 minutes).
- Unconditional puts and deletes, and batches of them, leave the same state the second time. (As with any SDK,
  a put by somebody else between the two is overwritten, as if it had come first.)
- UpdateItem and PartiQL are not repeated after a lost answer (retrying.py).
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
    """Give a request that can carry an idempotency token one, if it has none: botocore does the same."""
    name = TOKEN_NAMES.get(operation)
    return body if name is None else _with_member(body, name, urandom(16).hex())


def for_retry(operation: str, body: bytes) -> bytes:
    """Return the request as it goes out after a lost answer, asking for the item that fails its condition."""
    if operation in ("PutItem", "DeleteItem") and b'"ConditionExpression"' in body:
        return _with_member(body, RETURN_ITEM, "ALL_OLD")
    return body


def _with_member(body: bytes, name: str, value: str) -> bytes:
    """Add a member to a JSON object that doesn't have it yet."""
    if name.encode() in body and name in json.loads(body):
        return body
    return body.rstrip()[:-1] + f',"{name}":"{value}"}}'.encode()


def has_succeeded(operation: str, body: bytes, error: ServiceError) -> bool:
    """Tell whether a write that was repeated after a lost answer, and refused with `error`, is in effect."""
    if error.code != "ConditionalCheckFailedException":
        return False
    found = error.response.get("Item")
    if operation == "DeleteItem":
        return not found
    from picus_api.core.values.equality import same_attributes  # noqa: PLC0415 - hardly ever needed

    return operation == "PutItem" and isinstance(found, dict) and same_attributes(json.loads(body)["Item"], found)
