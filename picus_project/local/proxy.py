"""The streaming relay that the edge twin and the load balancer's stand-in share.

Two tasks per exchange: one moves the request's body to the origin and then watches for the viewer to leave, the other
moves the response back. Whichever fails first ends both, so that nobody works for a viewer who is gone and no viewer
takes a broken answer for a whole one.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import h11

from picus_project.local.http1 import Header, has_body
from picus_project.local.origin import Origin, OriginError
from picus_project.local.server import phrase, refuse
from picus_project.local.viewer import Viewer

logger = logging.getLogger(__name__)

# Headers about one connection (RFC 9110, 7.6.1). Transfer-Encoding is h11's to write anew for each side.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding"
    b" upgrade".split()
)
# Idle connections kept per origin; more of them are closed after their exchange.
MAX_IDLE = 32


@dataclass(frozen=True, kw_only=True)
class Forward:
    """A request as its origin shall see it. Times are in seconds."""

    name: str
    address: tuple[str, int]
    target: bytes
    headers: list[Header]
    read_seconds: float = 60.0
    idle_seconds: float = 30.0
    response_headers: list[Header] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A request that no origin gets to see."""

    status: int
    reason: str
    headers: list[Header] = field(default_factory=list)


Route = Callable[[h11.Request, Viewer], Forward | Refusal]


def end_to_end(message: h11.Request | h11.Response) -> list[Header]:
    """The headers, in the sender's spelling and order, that are meant for the other end."""
    listed = b",".join(value for name, value in message.headers if name == b"connection")
    named = {token.strip().lower() for token in listed.split(b",")} - {b"host", b"content-length"}
    return [(raw, value) for raw, value in message.headers.raw_items() if raw.lower() not in HOP_BY_HOP | named]


class Proxy:
    """Relays each request to where `route` says; `answer` is what server.serve() calls."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._idle: dict[tuple[str, int], list[tuple[float, Origin]]] = {}

    async def answer(self, viewer: Viewer, request: h11.Request) -> None:
        """Relays one exchange, or answers in the origin's place."""
        plan = self.route(request, viewer)
        if isinstance(plan, Refusal):
            await refuse(viewer, plan.status, plan.reason, plan.headers)
            return
        try:
            await self._forward(viewer, request, plan)
        except OriginError as error:
            logger.warning("origin %s: %s", plan.name, error)
            reason = "did not answer in time" if error.status == 504 else "could not answer"
            await refuse(viewer, error.status, f"The origin {reason}; try again later", plan.response_headers)

    async def _forward(self, viewer: Viewer, request: h11.Request, plan: Forward) -> None:
        """One exchange. A kept connection may have died unnoticed: then once more, on a new one.

        Only requests without a body travel on kept connections, so that there is nothing to send twice.
        """
        kept = None if has_body(request) else self._kept(plan)
        try:
            origin = kept or await Origin.connect(plan.address)
            await self._exchange(viewer, origin, request, plan)
        except OriginError as error:
            if not kept or kept.received_bytes or error.status == 504:
                raise
            await self._exchange(viewer, await Origin.connect(plan.address), request, plan)

    async def _exchange(self, viewer: Viewer, origin: Origin, request: h11.Request, plan: Forward) -> None:
        origin.received_bytes = 0
        try:
            async with asyncio.TaskGroup() as tasks:
                # This one ends by an error only: the viewer's fault, or the viewer's leaving.
                body = tasks.create_task(_relay_request(viewer, origin, request, plan))
                await _relay_response(viewer, origin, plan)
                body.cancel()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._keep(origin, plan)

    def _kept(self, plan: Forward) -> Origin | None:
        idle = self._idle.get(plan.address, [])
        while idle:
            deadline, origin = idle.pop()
            if asyncio.get_running_loop().time() < deadline and origin.alive():
                return origin
            origin.close()
        return None

    def _keep(self, origin: Origin, plan: Forward) -> None:
        idle = self._idle.setdefault(plan.address, [])
        if origin.reusable() and len(idle) < MAX_IDLE:
            origin.h11.start_next_cycle()
            idle.append((asyncio.get_running_loop().time() + plan.idle_seconds, origin))
        else:
            origin.close()

    def close(self) -> None:
        """Closes the idle connections. Those in use end with their exchange."""
        for idle in self._idle.values():
            for _, origin in idle:
                origin.close()
        self._idle.clear()


async def _relay_request(viewer: Viewer, origin: Origin, request: h11.Request, plan: Forward) -> None:
    """Sends the head and moves the body, then watches the viewer. Never returns: cancelled, or the viewer's error."""
    head = h11.Request(method=request.method, target=plan.target, headers=_framed(request, plan.headers))
    open_to_us = await _offer(origin, head, plan)
    while viewer.wants_more():
        await viewer.continue_if_expected()
        event = await viewer.event()
        if open_to_us and isinstance(event, h11.Data):
            open_to_us = await _offer(origin, event, plan)
    if open_to_us:
        await _offer(origin, h11.EndOfMessage(), plan)
    await viewer.watch()


async def _offer(origin: Origin, event: h11.Event, plan: Forward) -> bool:
    """Sends to the origin. An origin that takes no more may have answered already: the response tells, not this."""
    with suppress(OriginError):
        await origin.send(event, seconds=plan.read_seconds)
        return True
    return False


def _framed(request: h11.Request, headers: list[Header]) -> list[Header]:
    chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
    return [*headers, (b"Transfer-Encoding", b"chunked")] if chunked else headers


async def _relay_response(viewer: Viewer, origin: Origin, plan: Forward) -> None:
    """Moves one response. An OriginError before its head can still be answered; after it, the viewer is cut off."""
    head = await _response_head(viewer, origin, plan)
    headers = [*end_to_end(head), *plan.response_headers]
    if viewer.wants_more():  # answered early; the rest of the request is read and thrown away, see linger()
        headers.append((b"Connection", b"close"))
    reason = bytes(head.reason) or phrase(head.status_code)
    await viewer.send(h11.Response(status_code=head.status_code, headers=headers, reason=reason))
    while isinstance(event := await origin.event(plan.read_seconds), h11.Data):
        await viewer.send(event)
    await viewer.send(h11.EndOfMessage())


async def _response_head(viewer: Viewer, origin: Origin, plan: Forward) -> h11.Response:
    while True:
        sent = origin.sent_bytes
        try:
            event = await origin.event(plan.read_seconds)
        except OriginError as error:
            if error.status == 504 and (viewer.wants_more() or origin.sent_bytes != sent):
                continue  # silent while it was still being asked; the viewer has a limit of its own
            raise
        if isinstance(event, h11.Response):  # and no interim one
            return event
