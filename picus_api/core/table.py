"""The table over the transport: its key, its domain errors, and the calls that need no model.

The delete function has no more than this of the table: PynamoDB's imports alone would cost it most of its cold start.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from picus_api.core import environment
from picus_api.core.attributes import AttributeMap
from picus_api.core.dynamodb.retrying import THROTTLED
from picus_api.core.dynamodb.transport import Transport, create_transport
from picus_api.core.dynamodb.wire_json import parse
from picus_api.core.versions import hide_version

KEY = "object_id"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
MAX_KEY_BYTES = 2048
# No fewer than the threads that call.
MAX_CONNECTIONS = 64
# A page is memory: as Python objects, several times its bytes. Pages of DynamoDB's 1 MB are no faster in all.
PAGE_BYTES = 384 * 1024
FIRST_PAGE_ITEMS = 250
MIN_PAGE_ITEMS = 25


class ItemNotFound(Exception):
    """No item has this key: an answer, not a fault."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class ItemConflict(Exception):
    """The item is not as a condition wants it.

    ``found`` is the item, where it was asked for and is there.
    """

    def __init__(self, found: AttributeMap | None = None) -> None:
        super().__init__()
        self.found = found


class ItemTooLarge(Exception):
    """The item exceeds DynamoDB's 400 KB, as DynamoDB counts them."""


class TableUnavailable(Exception):
    """DynamoDB can't be reached, refuses the credentials, or has no such table."""

    @property
    def cause(self) -> str:
        """What happened, for the operator: the vendor's error and DynamoDB's id of the request, where there is one."""
        error = self.__cause__ or self
        request_id = getattr(error, "request_id", "")
        return f"{type(error).__name__}: {error}" + (f" (request {request_id})" if request_id else "")


class TableMissing(TableUnavailable):
    """DynamoDB answers and has no such table."""


class TableThrottled(TableUnavailable):
    """DynamoDB still throttles after the retries."""

    retry_after = 1
    """Seconds after which a client may try again."""


class Page(NamedTuple):
    """Items as DynamoDB sent them, the key to go on after (None at the end of the table), and the answer's bytes."""

    items: list[AttributeMap]
    next_key: str | None
    size: int = 0

    def next_limit(self) -> int:
        """How many items the next page should have, to be of PAGE_BYTES if they are like these."""
        return max(MIN_PAGE_ITEMS, PAGE_BYTES * len(self.items) // max(self.size, 1))


def domain_error(cause: Exception | None) -> Exception:
    """The domain's error for a vendor's."""
    response = getattr(cause, "response", None) or {}
    answer = response.get("Error", {})
    code, message = answer.get("Code"), answer.get("Message", "")
    if code in ("ConditionalCheckFailedException", "ResourceInUseException"):
        return ItemConflict(response.get("Item"))
    if code in THROTTLED:
        return TableThrottled()
    if code == "ResourceNotFoundException":
        return TableMissing()
    if code == "ValidationException" and "tem size" in message:
        return ItemTooLarge()
    return TableUnavailable()


@contextmanager
def domain_errors() -> Iterator[None]:
    """Turn the transport's errors into the domain's."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise domain_error(error) from error


class _Shared:
    """The transport of this process."""

    lock = threading.Lock()
    transport: Transport | None = None


def transport() -> Transport:
    """The transport, made at first use, so that importing this needs no settings. Raises SettingError."""
    if _Shared.transport is None:
        with _Shared.lock:
            if _Shared.transport is None:
                table_name()
                _Shared.transport = create_transport(environment.url("DYNAMODB_ENDPOINT_URL"), size=MAX_CONNECTIONS)
    return _Shared.transport


def forget_transport() -> None:
    """Make a new one at the next use: for tests, which change the settings."""
    _Shared.transport = None


def table_name() -> str:
    """The table. Raises SettingError."""
    return os.environ.get("DYNAMODB_TABLE_NAME") or environment.required("DYNAMODB_TABLE_NAME")


def connect() -> None:
    """Find the credentials and open a connection ahead of the first call; failing that, log why.

    Raises SettingError, TableUnavailable.
    """
    with domain_errors():
        transport().connect()


def check_key(key: str) -> None:
    """Raise ItemNotFound for a key that DynamoDB refuses: no item can have it."""
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise ItemNotFound(key)


def remove(key: str) -> None:
    """Delete the item with this key, in one conditional call. Raises ItemNotFound, TableUnavailable."""
    check_key(key)
    condition = {"ConditionExpression": "attribute_exists(#k)", "ExpressionAttributeNames": {"#k": KEY}}
    try:
        call("DeleteItem", Key={KEY: {"S": key}}, **condition)
    except ItemConflict:
        raise ItemNotFound(key) from None


def read(key: str) -> AttributeMap | None:
    """The item as stored, strongly consistent, or None. Raises TableUnavailable."""
    answer: dict[str, AttributeMap] = parse(call("GetItem", Key={KEY: {"S": key}}, ConsistentRead=True))
    return answer.get("Item")


def probe() -> None:
    """One read that proves the table answers. Raises TableUnavailable when it does not."""
    call("GetItem", Key={KEY: {"S": "-"}})


def scan(after: str | None = None, limit: int | None = None, **expressions: Any) -> Page:
    """One page, strongly consistent: of at most ``limit`` items or 1 MB, in DynamoDB's order, after a key.

    Both limits apply before a FilterExpression does.
    """
    if after is not None:
        check_key(after)
    start = {} if after is None else {"ExclusiveStartKey": {KEY: {"S": after}}}
    size = {} if limit is None else {"Limit": limit}
    body = call("Scan", ConsistentRead=True, **start, **size, **expressions)
    answer = parse(body)
    last_key = answer.get("LastEvaluatedKey")
    items = answer["Items"]
    for item in items:
        hide_version(item)
    return Page(items, last_key[KEY]["S"] if last_key else None, len(body))


def call(operation: str, **request: Any) -> bytes:
    """One operation on the table: the answer's JSON. Raises what domain_error makes of its errors."""
    with domain_errors():
        return transport().call_raw(operation, {"TableName": table_name(), **request})
