"""DynamoDB calls over a lean path: sign, send, read, and try again when that is right.

One Transport serves all threads of a process. botocore's client does the same in ten times the CPU; what this
one does not do is in endpoint.py and wire_json.py.
"""

import json
import logging
import os
import time
import weakref
import zlib
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError

from picus_api.core.capacity import REPORTING, Meter, active
from picus_api.core.dynamodb.breaker import Breaker
from picus_api.core.dynamodb.connecting import Address, open_connection, tls_context
from picus_api.core.dynamodb.connection import Connection
from picus_api.core.dynamodb.course import Course
from picus_api.core.dynamodb.credentials import Credentials
from picus_api.core.dynamodb.dynamodb_errors import NoAnswer, ServiceError
from picus_api.core.dynamodb.endpoint import Endpoint, ca_bundle, find_endpoint
from picus_api.core.dynamodb.http11 import AnswerLost, HttpAnswer, RequestNotSent
from picus_api.core.dynamodb.outcomes import has_succeeded
from picus_api.core.dynamodb.pool import Pool
from picus_api.core.dynamodb.retrying import DEFAULT_LIMITS, Limits, kind_of
from picus_api.core.dynamodb.signer import Second, Signer
from picus_api.core.dynamodb.signing import authorization
from picus_api.core.dynamodb.wire_json import encode

logger = logging.getLogger(__name__)

_transports: "weakref.WeakSet[Transport]" = weakref.WeakSet()


class Answer(NamedTuple):
    """What DynamoDB said to a successful call.

    `answer_lost`: an earlier attempt may have been carried out as well, so that a returned *old* item may be
    the new one.
    """

    body: bytes
    request_id: str
    attempts: int
    answer_lost: bool


class Transport:
    """One DynamoDB endpoint, with connections, credentials and limits; shared by all threads."""

    def __init__(
        self, endpoint: Endpoint, credentials: Credentials, limits: Limits = DEFAULT_LIMITS, size: int = 32
    ) -> None:
        """Open nothing yet. `size`: how many connections at most; no fewer than the threads that call."""
        self.endpoint = endpoint
        self.limits = limits
        self._signer = Signer(endpoint, credentials)
        tls = tls_context(ca_bundle()) if endpoint.scheme == "https" else None
        self._address = Address(endpoint.host, endpoint.port, tls, limits.connect_timeout, limits.read_timeout)
        self._pool = Pool(self._open, size)
        self._breaker = Breaker(limits.deadline)
        _transports.add(self)

    def call(self, operation: str, body: bytes | dict[str, Any]) -> Answer:
        """Carry out one operation ("GetItem"), `body` being its JSON or what encodes to it; thread-safe.

        Raises ServiceError when DynamoDB refuses, NoAnswer when it can't be reached within the limits, or could not
        lately (breaker.py), and botocore's credential errors. What a repeated write means: outcomes.py.
        """
        meter = active.get()
        if meter is not None and operation in REPORTING:
            return self._call_metered(operation, body, meter)
        return self._call(operation, encode(body) if isinstance(body, dict) else body)

    def _call_metered(self, operation: str, body: bytes | dict[str, Any], meter: Meter) -> Answer:
        """The same, and count what it costs."""
        request = json.loads(body) if isinstance(body, bytes) else body
        answer = self._call(operation, encode({**request, "ReturnConsumedCapacity": "TOTAL"}))
        meter.add(json.loads(answer.body))
        return answer

    def _call(self, operation: str, request: bytes) -> Answer:
        if not self._breaker.admits():
            reason = "it did not answer lately, and is given a rest"
            raise NoAnswer(operation=operation, reason=reason, attempts=0, answer_lost=False)
        try:
            answer = self._carry_out(operation, request)
        except NoAnswer:
            self._breaker.failed()
            raise
        except ServiceError:
            self._breaker.answered()
            raise
        self._breaker.answered()
        return answer

    def _carry_out(self, operation: str, request: bytes) -> Answer:
        course = Course(operation, request, time.monotonic() + self.limits.deadline, self.limits)
        while True:
            course.attempts += 1
            second = self._signer.this_second()
            try:
                answer = self._exchange(course, second)
            except (RequestNotSent, AnswerLost) as loss:
                course.after_loss(loss)
                continue
            if answer.status == 200:
                return _result(course, answer, answer.body)
            error = ServiceError(answer, operation)
            if course.answer_lost and has_succeeded(operation, course.body, error):
                return _result(course, answer, b"{}")
            kind = kind_of(error)
            if kind not in course.remedies and self._signer.remedy(kind, answer, second.secrets):
                course.remedies += (kind,)
            else:
                course.after_error(error, kind)

    def call_raw(self, operation: str, body: bytes | dict[str, Any]) -> bytes:
        """The same, for the answer's bytes alone."""
        return self.call(operation, body).body

    def connect(self) -> bool:
        """Find credentials and open a connection ahead of the first call; report, never raise."""
        try:
            self._signer.this_second()
            connection = self._pool.take(time.monotonic() + self.limits.connect_timeout)
        except (BotoCoreError, RequestNotSent) as error:
            logger.warning("no connection to DynamoDB yet: %s", error)
            return False
        self._pool.give_back(connection)
        return True

    def close(self) -> None:
        """Close the idle connections. The transport can still be used."""
        self._pool.close()

    def forget(self) -> None:
        """Drop what a forked process must not share with its parent; called by itself after a fork."""
        self._pool.forget()
        self._signer.forget()
        self._breaker = Breaker(self.limits.deadline)

    def _open(self, deadline: float) -> Connection:
        return open_connection(self._address, deadline)

    def _exchange(self, course: Course, second: Second) -> HttpAnswer:
        """Make one attempt: sign, send, read, check."""
        body = course.body
        signature = authorization(second.scope, course.operation, body)
        head = f"{second.head}{course.operation}\r\nAuthorization: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection = self._pool.take(course.deadline, fresh=course.fresh)
        try:
            answer = connection.exchange(head.encode() + body, course.deadline)
        finally:
            self._pool.give_back(connection)
        _check(answer)
        return answer


def create_transport(
    endpoint_url: str | None = None,
    region: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    size: int = 32,
) -> Transport:
    """Return a transport to this endpoint and region, or to those in AWS's variables and config file."""
    return Transport(find_endpoint(endpoint_url, region), Credentials(), limits, size)


def _check(answer: HttpAnswer) -> None:
    """Raise AnswerLost for an answer that was damaged on its way."""
    body = answer.body
    checksum = answer.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(body)):
        raise AnswerLost("the answer does not match its checksum", status=answer.status)
    if answer.status == 200 and not (body.startswith(b"{") and body.rstrip().endswith(b"}")):
        raise AnswerLost("the answer is not a JSON object", status=answer.status)


def _result(course: Course, answer: HttpAnswer, body: bytes) -> Answer:
    return Answer(body, answer.headers.get("x-amzn-requestid", ""), course.attempts, course.answer_lost)


def _forget_all() -> None:
    for transport in list(_transports):
        transport.forget()


os.register_at_fork(after_in_child=_forget_all)
