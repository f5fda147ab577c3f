"""Which failed calls are repeated, and within which limits."""

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
        # A single write meets a transaction of another request that writes the same item.
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
TRANSIENT = frozenset({"RequestTimeout", "RequestTimeoutException"})
SKEWED = frozenset({"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"})

# Operations that may be sent again although an earlier request may have been carried out: reads; writes that leave the
# same state the second time (ambiguous_writes.py explains their second response); transactions, by their token.
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
    """Limits of one call: times in seconds, and the number of attempts.

    ``base_delay`` and ``throttled_delay`` are the bases of the waits between attempts (backoff.py): waits are longer
    after throttling than after a lost connection.
    """

    connect_timeout: float = 1.0
    read_timeout: float = 3.0
    attempts: int = 4
    deadline: float = 10.0  # of the whole call, with its waits
    base_delay: float = 0.025
    throttled_delay: float = 0.1
    longest_delay: float = 2.0


DEFAULT_LIMITS = Limits()


def kind_of(error: ServiceError) -> Kind:
    """Return what can be done about an error response of DynamoDB."""
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
    """Return True if the operation has the same effect twice. UpdateItem (ADD, list_append) and PartiQL do not."""
    return operation in REPEATABLE_WRITES or operation.startswith(READS)
