"""When to try again, and when to stop."""

import random
import time
from typing import Literal, NamedTuple

from picus_api.core.dynamodb.dynamodb_errors import ServiceError

# botocore's list for its standard retry mode, less what DynamoDB never sends
THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
TRANSIENT = frozenset({"RequestTimeout", "RequestTimeoutException"})
SKEWED = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"})

# What may be sent again although an earlier request may have been carried out: reads; writes that leave the
# same state the second time (outcomes.py says what their second answer means); transactions, by their token.
REPEATABLE_WRITES = frozenset(
    {
        "BatchWriteItem",
        "CreateTable",
        "DeleteItem",
        "DeleteTable",
        "PutItem",
        "TransactWriteItems",
        "UpdateTimeToLive",
    }
)
READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan", "TransactGet")

Kind = Literal["throttled", "failed", "skewed", "expired", "final"]


class Limits(NamedTuple):
    """How long and how often to try: seconds, and attempts of one call.

    The wait before attempt n+1 is random between nothing and base * 2**(n-1) ("full jitter": those who failed
    together don't come back together). Throttling wants more patience than a lost connection.
    """

    connect_timeout: float = 1.0
    read_timeout: float = 3.0
    attempts: int = 4
    deadline: float = 10.0  # of a whole call, waits included
    base_delay: float = 0.025
    throttled_delay: float = 0.1
    longest_delay: float = 2.0


DEFAULT_LIMITS = Limits()


def kind_of(error: ServiceError) -> Kind:
    """Tell what can be done about an error that DynamoDB answered with."""
    if error.code in THROTTLED:
        return "throttled"
    if error.status >= 500 or error.code in TRANSIENT:
        return "failed"
    if error.code in SKEWED or (error.code == "InvalidSignatureException" and _is_about_time(error.message)):
        return "skewed"
    return "expired" if error.code in EXPIRED else "final"


def _is_about_time(message: str) -> bool:
    return "Signature expired" in message or "Signature not yet current" in message


def is_repeatable(operation: str) -> bool:
    """Tell whether twice is as good as once. UpdateItem (ADD, list_append) is not, nor is PartiQL."""
    return operation in REPEATABLE_WRITES or operation.startswith(READS)


def pause(limits: Limits, attempts: int, deadline: float, *, throttled: bool) -> bool:
    """Sleep before the next attempt; at once return False if there is none left, in number or time."""
    if attempts >= limits.attempts:
        return False
    base = limits.throttled_delay if throttled else limits.base_delay
    delay = random.random() * min(limits.longest_delay, base * 2 ** (attempts - 1))  # noqa: S311 - no secret
    if time.monotonic() + delay >= deadline:
        return False
    time.sleep(delay)
    return True
