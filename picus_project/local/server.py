"""The accepting half of every local HTTP server: the edge twin, the load balancer's stand-in and the gateway's."""

import asyncio
import json
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus

import h11

from picus_project.local.http1 import Header
from picus_project.local.viewer import Disconnect, RequestError, Viewer

logger = logging.getLogger(__name__)

# Answers one request: sends a whole response, or raises Disconnect or RequestError.
Answer = Callable[[Viewer, h11.Request], Awaitable[None]]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; what connects waits until serve() accepts. Raises OSError when the port is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock


async def serve(sock: socket.socket, answer: Answer) -> None:
    """Accepts on a listening socket until cancelled, then closes it and every connection."""
    sock.setblocking(False)
    connections: dict[asyncio.Task[None], Viewer] = {}
    try:
        while True:
            try:
                accepted, address = await asyncio.get_running_loop().sock_accept(sock)
            except OSError as error:  # out of file descriptors, or the client was gone already
                logger.warning("can't accept a connection: %s", error)
                await asyncio.sleep(0.1)
                continue
            viewer = Viewer(accepted, address[0])
            task = asyncio.create_task(_connection(viewer, answer))
            connections[task] = viewer
            task.add_done_callback(connections.pop)
    finally:
        sock.close()
        left = dict(connections)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for viewer in left.values():
            viewer.close()  # a task that was cancelled before its first step has closed nothing


async def _connection(viewer: Viewer, answer: Answer) -> None:
    """One viewer's requests, one after the other, until either side has enough."""
    try:
        while await _exchange(viewer, answer):
            viewer.h11.start_next_cycle()
        if viewer.h11.our_state is not h11.ERROR:
            await viewer.linger()
    except Disconnect:
        pass
    except Exception:  # one broken exchange must not be silent, and must not be the server's end
        logger.exception("an exchange failed")
    finally:
        # An answer that was begun and not ended is cut. Where nothing but the end of the connection would
        # delimit it, only a reset tells the viewer that it is not whole.
        viewer.close(reset=viewer.h11.our_state is h11.SEND_BODY and not viewer.framed)


async def _exchange(viewer: Viewer, answer: Answer) -> bool:
    """Answers one request. True when another may follow on the same connection."""
    try:
        request = await viewer.request()
        if request is None:
            return False
        await answer(viewer, request)
    except RequestError as error:
        await refuse(viewer, error.status, str(error), close=True)
    return viewer.h11.our_state is h11.DONE and viewer.h11.their_state is h11.DONE


async def refuse(
    viewer: Viewer, status: int, reason: str, headers: Iterable[Header] = (), *, close: bool = False
) -> None:
    """Answers in the contract's error shape, or ends the connection where an answer has already begun."""
    fields = list(headers)
    given = next((value for name, value in fields if name.lower() == b"x-amz-cf-id"), None)
    fields.append((b"X-Request-Id", given or secrets.token_urlsafe(42).encode()))
    await respond(viewer, status, json.dumps({"error": reason}).encode(), fields, close=close)


async def respond(
    viewer: Viewer, status: int, body: bytes, headers: Iterable[Header] = (), *, close: bool = False
) -> None:
    """Sends a whole JSON response. With part of the request unread, the connection ends with it."""
    if viewer.h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        raise Disconnect
    close = close or viewer.wants_more()
    fields: list[Header] = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(len(body)).encode()),
        *headers,
        *([(b"Connection", b"close")] if close else []),
    ]
    head = h11.Response(status_code=status, headers=fields, reason=phrase(status))
    content = [] if viewer.method == b"HEAD" else [h11.Data(data=body)]
    await viewer.send(head, *content, h11.EndOfMessage())


def phrase(status: int) -> bytes:
    """The standard reason phrase, empty for a status that has none."""
    return HTTPStatus(status).phrase.encode() if status in HTTPStatus._value2member_map_ else b""
