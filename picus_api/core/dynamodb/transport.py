"""DynamoDB calls: sign, send, read the response, and retry where a retry is right.

One Transport serves all threads of a process. botocore's client needs ten times the CPU for the same. endpoint.py
lists the features of botocore that are left out.
"""

import json
import logging
import os
import time
import weakref
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError

from picus_api.core import metrics
from picus_api.core.capacity import REPORTING, CapacityMeter, active
from picus_api.core.dynamodb.ambiguous_writes import has_succeeded
from picus_api.core.dynamodb.breaker import CircuitBreaker
from picus_api.core.dynamodb.call_state import CallState
from picus_api.core.dynamodb.credentials import CredentialProvider
from picus_api.core.dynamodb.dial import Address, open_connection
from picus_api.core.dynamodb.dynamodb_errors import NoResponse, ServiceError
from picus_api.core.dynamodb.endpoint import Endpoint, ca_bundle, find_endpoint
from picus_api.core.dynamodb.http_connection import HttpConnection
from picus_api.core.dynamodb.http_parser import HttpReply, RequestNotSent, ResponseLost
from picus_api.core.dynamodb.pool import ConnectionPool
from picus_api.core.dynamodb.retry import DEFAULT_LIMITS, Limits, kind_of
from picus_api.core.dynamodb.signer import Signer, SigningContext
from picus_api.core.dynamodb.signing import authorization
from picus_api.core.values.codec import encode

if TYPE_CHECKING:
    from picus_api.core.dynamodb.tls import Trust

logger = logging.getLogger(__name__)

REPORT_UNITS = b'{"ReturnConsumedCapacity":"TOTAL",'
"""The start of a request whose response reports its capacity units."""
CLOCK_DEPENDENT = frozenset({"TransactWriteItems"})
"""Operations whose requests may contain the time: after a correction of the clock the caller makes a new request."""

_transports: "weakref.WeakSet[Transport]" = weakref.WeakSet()


class CallResult(NamedTuple):
    """The response to a successful call.

    ``response_lost``: an earlier attempt may have been carried out as well, so that a returned *old* item may be the
    new one.
    """

    body: bytes
    request_id: str
    attempts: int
    response_lost: bool


class Transport:
    """One DynamoDB endpoint, with connections, credentials and limits; shared by all threads."""

    def __init__(
        self, endpoint: Endpoint, credentials: CredentialProvider, limits: Limits = DEFAULT_LIMITS, size: int = 32
    ) -> None:
        """Open no connection yet. ``size``: the largest number of connections; no fewer than the threads that call."""
        self.endpoint = endpoint
        self.limits = limits
        self._signer = Signer(endpoint, credentials)
        self._address = Address(
            endpoint.host, endpoint.port, _trust(endpoint), limits.connect_timeout, limits.read_timeout
        )
        self._pool = ConnectionPool(self._open, size)
        self._breaker = CircuitBreaker(limits.deadline)
        _transports.add(self)

    def call(self, operation: str, body: bytes | dict[str, Any]) -> CallResult:
        """Carry out one operation ("GetItem"). ``body``: the request as JSON or as a dict. Thread-safe.

        Raises ServiceError when DynamoDB refuses, NoResponse when it can't be reached within the limits or the circuit
        breaker is open, and botocore's credential errors. For repeated writes see ambiguous_writes.py.
        """
        meter, counts = active.get(), metrics.active.get()
        if operation in REPORTING and (meter is not None or counts is not None):
            return self._call_metered(operation, body, meter, counts)
        return self._call(operation, encode(body) if isinstance(body, dict) else body)

    def _call_metered(
        self,
        operation: str,
        body: bytes | dict[str, Any],
        meter: CapacityMeter | None,
        counts: metrics.CallCounts | None,
    ) -> CallResult:
        request = encode(body) if isinstance(body, dict) else body
        reply = self._call(operation, REPORT_UNITS + request[1:])
        if meter is not None:
            meter.add(json.loads(reply.body))
        if counts is not None:
            counts.add_units(reply.body)
        return reply

    def _call(self, operation: str, request: bytes) -> CallResult:
        if not self._breaker.admits():
            reason = "recent calls had no response, so the circuit breaker is open"
            raise NoResponse(operation=operation, reason=reason, attempts=0, response_lost=False)
        try:
            reply = self._carry_out(operation, request)
        except NoResponse:
            self._breaker.record_failure()
            raise
        except ServiceError:
            self._breaker.record_response()
            raise
        self._breaker.record_response()
        return reply

    def _carry_out(self, operation: str, request: bytes) -> CallResult:
        state = CallState(operation, request, time.monotonic() + self.limits.deadline, self.limits)
        try:
            return self._attempt_until_done(state, operation)
        finally:
            if (counts := metrics.active.get()) is not None:
                counts.add_call(state.attempts, state.throttles)

    def _attempt_until_done(self, state: CallState, operation: str) -> CallResult:
        while True:
            state.attempts += 1
            context = self._signer.current_context()
            try:
                reply = self._exchange(state, context)
            except (RequestNotSent, ResponseLost) as loss:
                state.on_connection_error(loss)
                continue
            if reply.status == 200:
                return _result(state, reply, reply.body)
            error = ServiceError(reply, operation)
            if state.response_lost and has_succeeded(operation, state.body, error):
                return _result(state, reply, b"{}")
            if not self._may_go_on(state, reply, error, context):
                try:
                    raise error
                finally:
                    # Its traceback has this frame: the two would keep the request until a garbage collection.
                    del error

    def _may_go_on(self, state: CallState, reply: HttpReply, error: ServiceError, context: SigningContext) -> bool:
        """Remove the cause of an error response, or wait, and return True if another attempt is right."""
        kind = kind_of(error)
        if kind in state.recovered or not self._signer.recover(kind, reply, context.credentials):
            return state.on_service_error(error, kind)
        state.recovered += (kind,)
        error.record(state.attempts, response_lost=state.response_lost)
        return not (kind == "skewed" and state.operation in CLOCK_DEPENDENT)

    @property
    def clock_offset(self) -> float:
        """Return how many seconds DynamoDB's clock is ahead, or 0 until it refused a signature for its time."""
        return self._signer.clock_offset

    def connect(self) -> bool:
        """Find credentials and open a connection ahead of the first call. A failure is logged, never raised."""
        try:
            self._signer.current_context()
            connection = self._pool.take(time.monotonic() + self.limits.connect_timeout)
        except (BotoCoreError, RequestNotSent) as error:
            logger.warning("no connection to DynamoDB yet: %s", error)
            return False
        self._pool.give_back(connection)
        return True

    def close(self) -> None:
        """Close the idle connections. The transport can still be used."""
        self._pool.close()

    def reset_after_fork(self) -> None:
        """Drop the connections and locks that a forked process must not share with its parent. Runs after each fork."""
        self._pool.reset_after_fork()
        self._signer.reset_after_fork()
        self._breaker = CircuitBreaker(self.limits.deadline)

    def _open(self, deadline: float) -> HttpConnection:
        return open_connection(self._address, deadline)

    def _exchange(self, state: CallState, context: SigningContext) -> HttpReply:
        """Make one attempt: sign, send, read, check the response."""
        body = state.body
        signature = authorization(context.scope, state.operation, body)
        head = f"{context.head}{state.operation}\r\nAuthorization: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection = self._pool.take(state.deadline, fresh=state.fresh)
        try:
            reply = connection.exchange(head.encode() + body, state.deadline)
        finally:
            self._pool.give_back(connection)
        _check(reply)
        return reply


def create_transport(
    endpoint_url: str | None = None,
    region: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    size: int = 32,
) -> Transport:
    """Return a transport to this endpoint and region; the default is AWS's variables and config file."""
    return Transport(find_endpoint(endpoint_url, region), CredentialProvider(), limits, size)


def _trust(endpoint: Endpoint) -> "Trust | None":
    if endpoint.scheme != "https":
        return None
    from picus_api.core.dynamodb.tls import Trust  # noqa: PLC0415 - a local endpoint doesn't need it

    return Trust(endpoint.host, ca_bundle())


def _check(reply: HttpReply) -> None:
    """Raise ResponseLost for a response that was damaged on its way."""
    body = reply.body
    checksum = reply.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(body)):
        raise ResponseLost("the response does not match its checksum", status=reply.status)
    if reply.status == 200 and not (body.startswith(b"{") and body.rstrip().endswith(b"}")):
        raise ResponseLost("the response is not a JSON object", status=reply.status)


def _result(state: CallState, reply: HttpReply, body: bytes) -> CallResult:
    return CallResult(body, reply.headers.get("x-amzn-requestid", ""), state.attempts, state.response_lost)


def _reset_all_after_fork() -> None:
    for transport in list(_transports):
        transport.reset_after_fork()


os.register_at_fork(after_in_child=_reset_all_after_fork)
