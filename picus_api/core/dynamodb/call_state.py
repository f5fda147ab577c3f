"""The state of one call: its attempts so far, and what each failure means for the next attempt."""

import logging

from picus_api.core.dynamodb.ambiguous_writes import for_retry, with_token
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.dynamodb.dynamodb_errors import NoResponse, ServiceError
from picus_api.core.dynamodb.http_parser import RequestNotSent, ResponseLost
from picus_api.core.dynamodb.retry import Kind, Limits, is_repeatable

logger = logging.getLogger(__name__)


class CallState:
    """The state of one call. Each `on_…` method waits until it is time for another attempt, if there may be one."""

    __slots__ = (
        "attempts",
        "backoff",
        "body",
        "deadline",
        "fresh",
        "limits",
        "operation",
        "recovered",
        "response_lost",
        "throttles",
    )

    def __init__(self, operation: str, body: bytes, deadline: float, limits: Limits) -> None:
        self.operation = operation
        self.body = with_token(operation, body)
        self.deadline = deadline  # of time.monotonic()
        self.limits = limits
        self.attempts = 0
        self.throttles = 0
        self.backoff = Backoff(limits.base_delay, limits.longest_delay, deadline)
        self.response_lost = False  # True if an attempt may have been carried out although no response arrived
        self.fresh = False  # True if the next attempt needs a new connection
        self.recovered: tuple[Kind, ...] = ()  # causes that were removed for this call already, once each

    def on_connection_error(self, loss: RequestNotSent | ResponseLost) -> None:
        """Wait after an attempt without a response. It does not count if a pooled connection had died.

        Raises NoResponse if there may not be another attempt.
        """
        if isinstance(loss, ResponseLost) and not loss.refused:
            self._note_lost_response()
        self.fresh = True
        again = self._may_repeat() and not (isinstance(loss, RequestNotSent) and loss.final)
        if again and loss.stale:
            self.attempts -= 1
        elif not (again and self._wait(self.limits.base_delay)):
            raise NoResponse(
                operation=self.operation,
                reason=str(loss),
                attempts=self.attempts,
                response_lost=self.response_lost,
            ) from loss
        logger.info("%s is sent again: %s", self.operation, loss)

    def on_service_error(self, error: ServiceError, kind: Kind) -> bool:
        """Wait after an error response, and return True, or return False if the error is final.

        After a 5xx the operation may have been carried out, says AWS.
        """
        if error.status >= 500:
            self._note_lost_response()
        error.record(self.attempts, response_lost=self.response_lost)
        self.throttles += kind == "throttled"
        again = kind in ("throttled", "failed") and self._may_repeat()
        delay = self.limits.throttled_delay if kind == "throttled" else self.limits.base_delay
        if not (again and self._wait(delay)):
            return False
        logger.info("%s is sent again: %s (request %s)", self.operation, error.code, error.request_id)
        return True

    def _note_lost_response(self) -> None:
        self.response_lost = True
        self.body = for_retry(self.operation, self.body)

    def _wait(self, base: float) -> bool:
        return self.attempts < self.limits.attempts and self.backoff.wait(base)

    def _may_repeat(self) -> bool:
        return not self.response_lost or is_repeatable(self.operation)
