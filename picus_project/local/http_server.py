"""Accept connections and send responses: shared by the local edge, the ALB's stand-in and API Gateway's."""

import asyncio
import json
import logging
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from functools import partial
from http import HTTPStatus

import h11

from picus_project.local.connections import AcceptedConnection, ClientDisconnected, Header, RequestError

logger = logging.getLogger(__name__)

BACKLOG = 1024

# Sends a whole response to one request, or raises ClientDisconnected or RequestError.
RequestHandler = Callable[[AcceptedConnection, h11.Request], Awaitable[None]]


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that refuses connections until it listens. Raises OSError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


async def serve(sock: socket.socket, handle: RequestHandler) -> None:
    """Accept on a listening socket until cancelled, then close it and every connection."""
    sock.setblocking(False)
    with sock:
        async with asyncio.TaskGroup() as connections:
            while True:
                try:
                    accepted, address = await asyncio.get_running_loop().sock_accept(sock)
                except OSError as error:  # out of file descriptors, or the client is gone already
                    logger.warning("can't accept a connection: %s", error)
                    await asyncio.sleep(0.1)
                    continue
                client = AcceptedConnection(accepted, address[0])
                task = connections.create_task(_serve_connection(client, handle))
                # A task that is cancelled before its first step closes nothing itself.
                task.add_done_callback(partial(_close, client))


def _close(client: AcceptedConnection, _: asyncio.Task[None]) -> None:
    client.close()


async def _serve_connection(client: AcceptedConnection, handle: RequestHandler) -> None:
    try:
        while await _serve_request(client, handle):
            client.h11.start_next_cycle()
        if client.h11.our_state is not h11.ERROR:
            await client.linger()
    except ClientDisconnected:
        pass
    except Exception:  # one broken exchange must neither be silent nor end the server
        logger.exception("an exchange failed")
    finally:
        # A response that has begun and not ended is cut off. Where only the end of the connection would delimit the
        # response, a reset is what tells the client that it is not whole.
        client.close(reset=client.h11.our_state is h11.SEND_BODY and not client.framed)


async def _serve_request(client: AcceptedConnection, handle: RequestHandler) -> bool:
    """Serve one request. Returns True if another may follow on the connection."""
    try:
        request = await client.request()
        if request is None:
            return False
        await handle(client, request)
    except RequestError as error:
        await send_error(client, error.status, str(error), close=True)
    return client.h11.our_state is h11.DONE and client.h11.their_state is h11.DONE


async def send_error(
    client: AcceptedConnection, status: int, reason: str, headers: Iterable[Header] = (), *, close: bool = False
) -> None:
    """Send an error in the contract's shape, with the edge's request id or a new one."""
    fields = list(headers)
    given = next((value for name, value in fields if name.lower() == b"x-amz-cf-id"), None)
    fields.append((b"X-Request-Id", given or secrets.token_urlsafe(42).encode()))
    await send_json(client, status, {"error": reason, "code": error_code(status)}, fields, close=close)


def error_code(status: int) -> str:
    """Return the code of a stand-in's own error: the status in words. CloudFront and API Gateway send no codes."""
    return re.sub("[^a-z]+", "_", reason_phrase(status).decode().lower())


async def send_json(
    client: AcceptedConnection, status: int, content: object, headers: Iterable[Header] = (), *, close: bool = False
) -> None:
    """Send a whole response. Ends the connection if a part of the request is unread.

    Raises ClientDisconnected if another response has begun.
    """
    if client.h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        raise ClientDisconnected
    body = json.dumps(content).encode()
    fields = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode()), *headers]
    if close or client.has_unread_body:
        fields.append((b"Connection", b"close"))
    await send_response(client, status, fields, body)


async def send_response(client: AcceptedConnection, status: int, headers: Iterable[Header], body: bytes) -> None:
    """Send a whole response with a `Date`; without its body if the request was a HEAD."""
    fields = [*headers, (b"Date", formatdate(usegmt=True).encode())]
    head = h11.Response(status_code=status, headers=fields, reason=reason_phrase(status))
    data = [] if client.method == b"HEAD" else [h11.Data(data=body)]
    await client.send(head, *data, h11.EndOfMessage())


def reason_phrase(status: int) -> bytes:
    """Return the standard reason phrase, empty for an unknown status."""
    return HTTPStatus(status).phrase.encode() if status in HTTPStatus._value2member_map_ else b""
