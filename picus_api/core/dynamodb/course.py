"""How one call is going: its attempts so far, and what each failure means for the next."""

import logging

from picus_api.core.dynamodb.dynamodb_errors import NoAnswer, ServiceError
from picus_api.core.dynamodb.http11 import AnswerLost, RequestNotSent
from picus_api.core.dynamodb.outcomes import for_repetition, with_token
from picus_api.core.dynamodb.retrying import Kind, Limits, is_repeatable, pause

logger = logging.getLogger(__name__)


class Course:
    """The state of one call. `after_…` return when it is time for another attempt, or raise its error."""

    __slots__ = ("answer_lost", "attempts", "body", "deadline", "fresh", "limits", "operation", "remedies")

    def __init__(self, operation: str, body: bytes, deadline: float, limits: Limits) -> None:
        self.operation = operation
        self.body = with_token(operation, body)
        self.deadline = deadline  # of time.monotonic()
        self.limits = limits
        self.attempts = 0
        self.answer_lost = False  # whether an attempt may have been carried out without our knowing
        self.fresh = False  # whether the next attempt wants a connection of its own
        self.remedies: tuple[Kind, ...] = ()  # what has been put right for this call already, once each

    def after_loss(self, loss: RequestNotSent | AnswerLost) -> None:
        """Go on after an attempt without an answer. One that died with a pooled connection does not count."""
        if isinstance(loss, AnswerLost) and not loss.refused:
            self._note_lost_answer()
        self.fresh = True
        again = self._may_repeat() and not (isinstance(loss, RequestNotSent) and loss.final)
        if again and loss.stale:
            self.attempts -= 1
        elif not (again and pause(self.limits, self.attempts, self.deadline, throttled=False)):
            raise NoAnswer(
                operation=self.operation,
                reason=str(loss),
                attempts=self.attempts,
                answer_lost=self.answer_lost,
            ) from loss
        logger.info("%s goes out again: %s", self.operation, loss)

    def after_error(self, error: ServiceError, kind: Kind) -> None:
        """Go on after an answer that is an error. A 5xx may have been carried out all the same, says AWS."""
        if error.status >= 500:
            self._note_lost_answer()
        error.record(self.attempts, answer_lost=self.answer_lost)
        again = kind in ("throttled", "failed") and self._may_repeat()
        if not (again and pause(self.limits, self.attempts, self.deadline, throttled=kind == "throttled")):
            raise error
        logger.info("%s goes out again: %s (request %s)", self.operation, error.code, error.request_id)

    def _note_lost_answer(self) -> None:
        self.answer_lost = True
        self.body = for_repetition(self.operation, self.body)

    def _may_repeat(self) -> bool:
        return not self.answer_lost or is_repeatable(self.operation)
