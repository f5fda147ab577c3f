"""The streaming reverse proxy that the local edge and the ALB's stand-in share.

Two tasks per exchange: one sends the request's body to the origin and then waits for the client to leave, the other
sends the response back. The first failure ends both: no task works for a client that has left, and no client takes an
incomplete response for a complete one.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import h11

from picus_project.local.connections import AcceptedConnection, Header, OriginConnection, OriginError, has_body
from picus_project.local.http_server import reason_phrase, send_error, send_response

logger = logging.getLogger(__name__)

# Headers about one connection (RFC 9110, 7.6.1). h11 writes Transfer-Encoding anew for each side.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding"
    b" upgrade".split()
)
# Idle connections kept per origin.
MAX_IDLE = 32


@dataclass(frozen=True, kw_only=True)
class Forward:
    """A request as its origin gets it. Times are in seconds."""

    name: str
    address: tuple[str, int]
    target: bytes
    headers: list[Header]
    read_seconds: float = 60.0
    idle_seconds: float = 30.0
    response_headers: list[Header] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Respond:
    """A response that the proxy sends itself: an error, or an empty 200 without a `reason`."""

    status: int
    reason: str = ""
    headers: list[Header] = field(default_factory=list)


Route = Callable[[h11.Request, AcceptedConnection], Forward | Respond]


def end_to_end_headers(message: h11.Request | h11.Response) -> list[Header]:
    """Return the headers for the other end, in the sender's spelling and order."""
    listed = b",".join(value for name, value in message.headers if name == b"connection")
    named = {token.strip().lower() for token in listed.split(b",")} - {b"host", b"content-length"}
    return [(raw, value) for raw, value in message.headers.raw_items() if raw.lower() not in HOP_BY_HOP | named]


def forwarded_for(request: h11.Request, client: AcceptedConnection) -> bytes:
    """Return X-Forwarded-For with the client's address appended."""
    earlier = [value for name, value in request.headers if name == b"x-forwarded-for"]
    return b", ".join([*earlier, client.address.encode()])


class ReverseProxy:
    """Relay each request to where `route` sends it; `handle` is a RequestHandler."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._idle: dict[tuple[str, int], list[tuple[float, OriginConnection]]] = {}

    async def handle(self, client: AcceptedConnection, request: h11.Request) -> None:
        """Relay one exchange, or send an error in the origin's place."""
        forward = self.route(request, client)
        if isinstance(forward, Respond):
            if forward.reason:
                await send_error(client, forward.status, forward.reason, forward.headers)
            else:
                await send_response(client, forward.status, [(b"Content-Length", b"0"), *forward.headers], b"")
            return
        try:
            await self._forward(client, request, forward)
        except OriginError as error:
            logger.warning("origin %s: %s", forward.name, error)
            reason = "did not respond in time" if error.status == 504 else "is unreachable or sent no valid response"
            await send_error(client, error.status, f"The origin {reason}; try again later", forward.response_headers)

    async def _forward(self, client: AcceptedConnection, request: h11.Request, forward: Forward) -> None:
        """Relay one exchange, twice if the kept connection of the first try was dead.

        Only requests without a body use kept connections, so no body is sent twice.
        """
        kept = None if has_body(request) else self._take_idle(forward)
        try:
            origin = kept or await OriginConnection.connect(forward.address)
            await self._exchange(client, origin, request, forward)
        except OriginError as error:
            if not kept or kept.received_bytes or error.status == 504:
                raise
            await self._exchange(client, await OriginConnection.connect(forward.address), request, forward)

    async def _exchange(
        self, client: AcceptedConnection, origin: OriginConnection, request: h11.Request, forward: Forward
    ) -> None:
        origin.received_bytes = 0
        try:
            async with asyncio.TaskGroup() as tasks:
                # This task ends only by an error: the client's fault, or the client's leaving.
                body = tasks.create_task(_relay_request(client, origin, request, forward))
                await _relay_response(client, origin, forward)
                body.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._keep_idle(origin, forward)

    def _take_idle(self, forward: Forward) -> OriginConnection | None:
        idle = self._idle.get(forward.address, [])
        while idle:
            deadline, origin = idle.pop()
            if asyncio.get_running_loop().time() < deadline and origin.alive():
                return origin
            origin.close()
        return None

    def _keep_idle(self, origin: OriginConnection, forward: Forward) -> None:
        idle = self._idle.setdefault(forward.address, [])
        if origin.reusable() and len(idle) < MAX_IDLE:
            origin.h11.start_next_cycle()
            idle.append((asyncio.get_running_loop().time() + forward.idle_seconds, origin))
        else:
            origin.close()

    def close(self) -> None:
        """Close the idle connections. The others close when their exchange ends."""
        for idle in self._idle.values():
            for _, origin in idle:
                origin.close()
        self._idle.clear()


async def _relay_request(
    client: AcceptedConnection, origin: OriginConnection, request: h11.Request, forward: Forward
) -> None:
    """Send the head and the body, then wait for the client to leave. Ends by cancellation or the client's error."""
    chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
    headers = [*forward.headers, *([(b"Transfer-Encoding", b"chunked")] if chunked else [])]
    head = h11.Request(method=request.method, target=forward.target, headers=headers)
    accepts = await _try_send(origin, head, forward)
    async for piece in client.body():
        accepts = accepts and await _try_send(origin, h11.Data(data=piece), forward)
    if accepts:
        await _try_send(origin, h11.EndOfMessage(), forward)
    await client.wait_for_disconnect()


async def _try_send(origin: OriginConnection, event: h11.Event, forward: Forward) -> bool:
    """Send to the origin. An origin that stops reading may have responded: the response decides, not this error."""
    with suppress(OriginError):
        await origin.send(event, seconds=forward.read_seconds)
        return True
    return False


async def _relay_response(client: AcceptedConnection, origin: OriginConnection, forward: Forward) -> None:
    """Relay one response. After its head was sent, an OriginError cuts the client off."""
    head = await _response_head(client, origin, forward)
    headers = [*end_to_end_headers(head), *forward.response_headers]
    if client.has_unread_body:  # an early response; linger() discards the rest of the request
        headers.append((b"Connection", b"close"))
    reason = bytes(head.reason) or reason_phrase(head.status_code)
    await client.send(h11.Response(status_code=head.status_code, headers=headers, reason=reason))
    while isinstance(event := await origin.event(forward.read_seconds), h11.Data):
        await client.send(event)
    await client.send(h11.EndOfMessage())


async def _response_head(client: AcceptedConnection, origin: OriginConnection, forward: Forward) -> h11.Response:
    while True:
        sent = origin.sent_bytes
        try:
            event = await origin.event(forward.read_seconds)
        except OriginError as error:
            if error.status == 504 and (client.has_unread_body or origin.sent_bytes != sent):
                continue  # the request is still arriving; AcceptedConnection has a limit for that
            raise
        if isinstance(event, h11.Response):  # skip interim responses
            return event
