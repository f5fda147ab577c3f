"""Create, list and revoke tokens, and switch read-only on and off: the work of the operators' commands."""

import time
from os import urandom
from typing import Any, NamedTuple

from picus_api.core.access.token_table import READ_ONLY, TOKEN_KEY, tokens_table_name
from picus_api.core.access.tokens import TokenRecord, hash_secret, new_token, record_from_attributes
from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.table import ConditionFailed
from picus_api.core.values.codec import decode, encode

_TOKEN_IS_ABSENT = {"ConditionExpression": f"attribute_not_exists({TOKEN_KEY})"}
_TOKEN_IS_PRESENT = {"ConditionExpression": f"attribute_exists({TOKEN_KEY})"}


class NewToken(NamedTuple):
    """A token that was created: the text, which is known only now, and its record."""

    text: str
    record: TokenRecord


def create_token(label: str, scopes: frozenset[str], prefix: str = "", lifetime: int | None = None) -> NewToken:
    """Store a new token. ``lifetime``: seconds, or None for a token that does not expire. Raises TableUnavailable."""
    now = int(time.time() + table.clock_offset())
    while True:
        text, (token_id, secret) = new_token()
        expires = None if lifetime is None else now + lifetime
        cursor_key = urandom(32).hex()
        record = TokenRecord(token_id, hash_secret(secret), scopes, label, prefix, now, expires, cursor_key)
        try:
            _call("PutItem", Item=record.attributes(), **_TOKEN_IS_ABSENT)
        except ConditionFailed:
            continue  # Another token has this id.
        return NewToken(text, record)


def list_tokens() -> list[TokenRecord]:
    """Return the records of all tokens, the oldest first. Expired ones may be among them. Raises TableUnavailable."""
    records: list[TokenRecord] = []
    start: dict[str, Any] = {}
    while True:
        page = _call("Scan", ConsistentRead=True, **start)
        records += [record_from_attributes(item) for item in page["Items"] if item[TOKEN_KEY] != {"S": READ_ONLY}]
        if not page.get("LastEvaluatedKey"):
            return sorted(records, key=lambda record: (record.created, record.token_id))
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def revoke_token(token_id: str) -> bool:
    """Delete a token, and return False if there is none with this id. Raises TableUnavailable."""
    try:
        _call("DeleteItem", Key={TOKEN_KEY: {"S": token_id}}, **_TOKEN_IS_PRESENT)
    except ConditionFailed:
        return False
    return True


def set_read_only(is_on: bool) -> None:
    """Switch read-only on or off, for both computes. Raises TableUnavailable."""
    _call("PutItem", Item={TOKEN_KEY: {"S": READ_ONLY}, "on": {"BOOL": is_on}})


def _call(operation: str, **request: Any) -> dict[str, Any]:
    body = table.send(operation, encode({"TableName": tokens_table_name(), **request})).body
    return dict(decode(body)) if body else {}
