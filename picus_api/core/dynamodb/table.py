"""The item table over the transport of this process: one call, with domain errors.

Nothing here needs PynamoDB, whose imports alone would be most of the delete function's cold start.
"""

import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from picus_api.core import environment
from picus_api.core.dynamodb.dynamodb_errors import ServiceError
from picus_api.core.dynamodb.retry import THROTTLED, kind_of
from picus_api.core.dynamodb.transport import CallResult, Transport, create_transport
from picus_api.core.errors import (
    BadValue,
    ItemTooLarge,
    OutcomeUnknown,
    PicusError,
    TableMissing,
    TableThrottled,
    TableUnavailable,
)
from picus_api.core.keys import KEY
from picus_api.core.values.attribute_values import AttributeMap

# No fewer than the threads that call.
MAX_CONNECTIONS = 64

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
_INDEX_TYPE = re.compile(r"Type mismatch for Index Key (.+) Expected: (\w+) Actual: .*IndexName: (.+)", re.DOTALL)
_INDEX_LONG = re.compile(
    r"Size limit exceeded for Index Key (.+) Actual Size: .*Max Size: (\d+) .*IndexName: (.+)", re.DOTALL
)
_INDEX_EMPTY = re.compile(r"IndexName: (.+), IndexKey: (.+)", re.DOTALL)
# DynamoDB writes "of2048". The message names no attribute.
_KEY_LONG = re.compile(r"(?:hashkey|range keys) has exceeded the (?:maximum )?size limit of ?(\d+) bytes")


class ConditionFailed(Exception):
    """A condition of a write did not hold. ``found``: the item, if the request asked for it and there is one."""

    def __init__(self, found: AttributeMap | None = None) -> None:
        super().__init__()
        self.found = found


class TransactionConflict(Exception):
    """Another request writes an item of this transaction at this moment."""


def domain_error(error: Exception) -> Exception:
    """Return the domain's error for an error of the transport or of botocore."""
    response = getattr(error, "response", None) or {}
    about = response.get("Error", {})
    code, message = about.get("Code"), about.get("Message", "")
    if code in ("ConditionalCheckFailedException", "ResourceInUseException"):
        return ConditionFailed(response.get("Item"))
    if code == "TransactionCanceledException":
        return _cancellation(response.get("CancellationReasons") or [])
    if code in THROTTLED:
        return OutcomeUnknown() if _may_have_written(error) else TableThrottled()
    if code == "ResourceNotFoundException":
        return TableMissing()
    return _refusal(message) if code == "ValidationException" else TableUnavailable()


def _refusal(message: str) -> Exception:
    """Return the domain's error for an item or a request that DynamoDB refuses."""
    if "tem size" in message:
        return ItemTooLarge()
    if match := _INDEX_TYPE.search(message):
        name, tag, index = match.groups()
        kind = {"S": "a text", "N": "a number"}.get(tag, f"of the type {tag}")
        return BadValue(f"The index {index} of the table takes this value as {kind} only.", name)
    if match := _INDEX_LONG.search(message):
        name, limit, index = match.groups()
        return BadValue(f"The index {index} of the table takes at most {limit} bytes here.", name)
    if match := _KEY_LONG.search(message):
        return BadValue(
            f"An index of the table takes at most {match[1]} bytes, and an attribute of this item has more."
        )
    if match := _INDEX_EMPTY.search(message):
        index, name = match.groups()
        return BadValue(f"The index {index} of the table takes no empty text here: leave {name} out.", name)
    return TableUnavailable()


def _may_have_written(error: Exception) -> bool:
    """Return True if an earlier attempt of this throttled single write may have been carried out."""
    writes = ("PutItem", "DeleteItem", "TransactWriteItems")
    return getattr(error, "response_lost", False) and getattr(error, "operation_name", "") in writes


def _cancellation(reasons: list[dict[str, Any]]) -> Exception:
    """Return the domain's error for a transaction that was not carried out, by the reasons of its writes."""
    codes = {reason.get("Code") for reason in reasons}
    if "ConditionalCheckFailed" in codes:
        return ConditionFailed(next((reason["Item"] for reason in reasons if reason.get("Item")), None))
    if "TransactionConflict" in codes:
        return TransactionConflict()
    if codes & {"ProvisionedThroughputExceeded", "ThrottlingError"}:
        return TableThrottled()
    refusals = [_refusal(reason.get("Message") or "") for reason in reasons]
    return next((each for each in refusals if not isinstance(each, TableUnavailable)), TableUnavailable())


class _DomainErrors:
    # Not a generator: contextlib would keep each error in a reference cycle until a garbage collection.
    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, BotoCoreError | ClientError):
            raise domain_error(error) from error


_DOMAIN_ERRORS = _DomainErrors()


def domain_errors() -> _DomainErrors:
    """Translate the transport's errors into the domain's within a ``with`` block. No other code translates them."""
    return _DOMAIN_ERRORS


def is_refusal(error: Exception) -> bool:
    """Return True if DynamoDB refused the items of a request, and not the table or the connection failed."""
    codes = ("ValidationException", "SerializationException")
    return isinstance(error, ItemTooLarge | BadValue) or getattr(error.__cause__, "code", None) in codes


def refusal_reason(error: PicusError) -> str:
    """Return why DynamoDB refused an item or a request, for the operator."""
    if isinstance(error, ItemTooLarge | BadValue):
        return error.message
    cause = error.__cause__
    writes = ("BatchWriteItem", "PutItem", "TransactWriteItems")
    refused = "item" if getattr(cause, "operation_name", "PutItem") in writes else "request"
    return f"DynamoDB refuses the {refused}: {getattr(cause, 'message', error)}"


class _Shared:
    lock = threading.Lock()
    transport: Transport | None = None


def shared_transport() -> Transport:
    """Return the transport of this process. It is made at first use: imports need no settings. Raises SettingError."""
    if _Shared.transport is None:
        with _Shared.lock:
            if _Shared.transport is None:
                table_name()
                _Shared.transport = create_transport(environment.url("DYNAMODB_ENDPOINT_URL"), size=MAX_CONNECTIONS)
    return _Shared.transport


def reset_transport() -> None:
    """Close the idle connections, and make a new transport at the next use, after a change of settings."""
    if _Shared.transport is not None:
        _Shared.transport.close()
    _Shared.transport = None


def table_name() -> str:
    """Return the name of the item table. Raises SettingError."""
    return os.environ.get("DYNAMODB_TABLE_NAME") or environment.required("DYNAMODB_TABLE_NAME")


def clock_offset() -> float:
    """Return how many seconds DynamoDB's clock is ahead of this machine's, as far as it is known."""
    return shared_transport().clock_offset


def connect() -> None:
    """Find the credentials and open a connection ahead of the first call. A failure to connect is logged only.

    Raises SettingError, TableUnavailable.
    """
    with domain_errors():
        shared_transport().connect()


def call(operation: str, **request: Any) -> bytes:
    """Carry out one operation on the item table, and return the JSON of DynamoDB's response.

    Raises ConditionFailed, BadValue, ItemTooLarge, TableMissing, TableThrottled, TableUnavailable.
    """
    return send(operation, {"TableName": table_name(), **request}).body


def send(operation: str, request: bytes | dict[str, Any]) -> CallResult:
    """Carry out one operation on any table, with a whole request. Raises what ``call`` raises."""
    with domain_errors():
        return shared_transport().call(operation, request)


def now() -> int:
    """Return the time in whole seconds since 1970, by DynamoDB's clock if this machine's clock is known to be wrong."""
    return int(time.time() + shared_transport().clock_offset)


def transact(writes_at: Callable[[int], list[dict[str, Any]]]) -> None:
    """Carry out writes in one transaction, which DynamoDB recognises if it is repeated after a lost response.

    ``writes_at`` returns the writes for a time of DynamoDB's clock (whole seconds since 1970). It is called again if
    DynamoDB refuses this machine's clock. Raises TransactionConflict, and what ``call`` raises.
    """
    with domain_errors():
        transport = shared_transport()
        try:
            _transact(transport, writes_at)
        except ServiceError as error:
            if kind_of(error) != "skewed":
                raise
            _transact(transport, writes_at)


def _transact(transport: Transport, writes_at: Callable[[int], list[dict[str, Any]]]) -> None:
    transport.call("TransactWriteItems", {"TransactItems": writes_at(now())})


def probe() -> None:
    """Read one item, which proves that the table responds. Raises TableUnavailable."""
    call("GetItem", Key={KEY: {"S": "-"}})
