"""HTTP/1.1 connections of the local servers: h11 parses, non-blocking sockets move the bytes.

A socket is read only when an event is wanted, and a send returns when the kernel has all bytes: a slow reader slows the
sender down, and no body is buffered whole. asyncio's streams would not do: after a failed write they discard received
bytes, so an origin that rejects a body early (413, then close) would look broken.
"""

import asyncio
import select
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import suppress

import h11

RECEIVE_BYTES = 64 * 1024
# CloudFront's quota for a request without its body.
MAX_HEAD_BYTES = 20_480

# How long a client may keep an idle connection, in seconds.
IDLE_SECONDS = 60.0
# A request whose head or body stops arriving for this long gets a 408.
STALL_SECONDS = 10.0
# After an early response, the rest of the request is read and discarded for this long.
LINGER_SECONDS = 10.0
# A client that closed its sending side may still read. It counts as gone when nothing could be sent for this long.
HALF_CLOSE_SECONDS = 0.5
CONNECT_SECONDS = 5.0

Header = tuple[bytes, bytes]


class ClientDisconnected(Exception):
    """The client left, or a response that has begun can't be completed."""


class _StatusError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class RequestError(_StatusError):
    """The request can't be read to its end. `status` is the response's."""


class OriginError(_StatusError):
    """The origin is unreachable, broke off or sent no HTTP (`status` 502), or stayed silent (504)."""


class HttpSocket:
    """One side of an HTTP exchange. At most one task may wait for its events, and one may send."""

    def __init__(self, sock: socket.socket, role: type[h11.CLIENT] | type[h11.SERVER]) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.h11 = h11.Connection(role, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.received_bytes = 0
        self.sent_bytes = 0

    async def _next_event(self, seconds: float) -> h11.Event:
        """Return the next event. Raises TimeoutError (`seconds` without a byte), OSError, RemoteProtocolError."""
        while True:
            event = self.h11.next_event()
            if isinstance(event, h11.Event):
                return event
            self.h11.receive_data(await self._receive(seconds))

    async def _receive(self, seconds: float | None) -> bytes:
        """Return up to 64 KiB, empty at the end of the stream. Raises TimeoutError, OSError."""
        async with asyncio.timeout(seconds):
            while True:
                with suppress(BlockingIOError):
                    data = self.sock.recv(RECEIVE_BYTES)
                    self.received_bytes += len(data)
                    return data
                await self._readable()  # a cancelled loop.sock_recv() can lose bytes

    async def _readable(self) -> None:
        readable = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.sock, readable.set)
        try:
            await readable.wait()
        finally:
            asyncio.get_running_loop().remove_reader(self.sock)

    async def _send(self, *events: h11.Event) -> None:
        data = b"".join(self.h11.send(event) or b"" for event in events)
        if data:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)
            self.sent_bytes += len(data)

    def close(self, *, reset: bool = False) -> None:
        """Close the socket. With `reset`, the other side sees an error instead of a clean end."""
        if reset:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class AcceptedConnection(HttpSocket):
    """An accepted connection: requests in, responses out. Raises ClientDisconnected and RequestError only."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        super().__init__(sock, h11.SERVER)
        self.address = address
        self.method = b""
        # False once a response has begun that only the end of the connection delimits (HTTP/1.0).
        self.framed = True

    async def request(self) -> h11.Request | None:
        """Return the head of the next request, or None when the client sends no more."""
        self.method = b""
        try:
            if not self.h11.trailing_data[0]:
                self.h11.receive_data(await self._receive(IDLE_SECONDS))
        except TimeoutError:
            return None
        except OSError as error:
            raise ClientDisconnected from error
        event = await self.event()
        if not isinstance(event, h11.Request):
            return None
        self.method = event.method
        _check_head(event)
        if not has_body(event):
            await self.event()  # the EndOfMessage, which is there without waiting
        return event

    async def event(self) -> h11.Event:
        """Return the next event; STALL_SECONDS without a byte is a RequestError (408)."""
        try:
            return await self._next_event(STALL_SECONDS)
        except h11.RemoteProtocolError as error:
            reason = str(error).split(": b")[0]  # the rest would be Python's view of the bytes
            raise RequestError(error.error_status_hint, f"The request is malformed: {reason}") from error
        except TimeoutError as error:
            raise RequestError(408, f"The request stopped arriving for {STALL_SECONDS:.0f} seconds") from error
        except OSError as error:
            raise ClientDisconnected from error

    @property
    def has_unread_body(self) -> bool:
        """Return True while a part of the request is unread."""
        return self.h11.their_state is h11.SEND_BODY

    async def send(self, *events: h11.Event) -> None:
        """Send events, a response's head first; wait while the client is slow to read."""
        if isinstance(events[0], h11.Response):
            self.framed = self.h11.their_http_version != b"1.0" or b"content-length" in dict(events[0].headers)
        try:
            await self._send(*events)
        except OSError as error:
            raise ClientDisconnected from error

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the unread pieces of the body; a client that waits for `100 Continue` gets it."""
        while self.has_unread_body:
            if self.h11.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
            if isinstance(event := await self.event(), h11.Data):
                yield event.data

    async def wait_for_disconnect(self) -> None:
        """Wait, after the whole request was read, until the client is gone; then raise ClientDisconnected."""
        try:
            while data := await self._receive(None):
                self.h11.receive_data(data)
                if len(self.h11.trailing_data[0]) > RECEIVE_BYTES:
                    await asyncio.Event().wait()  # too much sent ahead: stop reading until its turn
            self.h11.receive_data(b"")
        except OSError as error:
            raise ClientDisconnected from error
        sent = -1
        while sent != self.sent_bytes:
            sent = self.sent_bytes
            await asyncio.sleep(HALF_CLOSE_SECONDS)
        raise ClientDisconnected

    async def linger(self) -> None:
        """End the response and read on for a while: a close over unread bytes would reset the response away."""
        with suppress(OSError, TimeoutError):
            self.sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(LINGER_SECONDS):
                while await self._receive(None):
                    pass


class OriginConnection(HttpSocket):
    """A connection to an origin: requests out, responses in. Raises OriginError only."""

    @classmethod
    async def connect(cls, address: tuple[str, int]) -> "OriginConnection":
        """Open a connection to a host and port."""
        origin = cls(socket.socket(), h11.CLIENT)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(origin.sock, address)
            return origin
        except BaseException as error:
            origin.close()
            if isinstance(error, OSError):  # TimeoutError is one
                raise OriginError(502, f"can't connect: {error or 'timeout'}") from error
            raise

    async def event(self, seconds: float) -> h11.Event:
        """Return the next event; `seconds` without a byte is an OriginError (504)."""
        try:
            return await self._next_event(seconds)
        except TimeoutError as error:
            raise OriginError(504, f"silent for {seconds:.0f} seconds") from error
        except (OSError, h11.RemoteProtocolError) as error:
            raise OriginError(502, str(error)) from error

    async def send(self, *events: h11.Event, seconds: float) -> None:
        """Send events within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._send(*events)
        except OSError as error:
            raise OriginError(502, f"takes no more of the request: {error or 'timeout'}") from error

    def reusable(self) -> bool:
        """Return True if the exchange ended so that another may follow."""
        return self.h11.our_state is h11.DONE and self.h11.their_state is h11.DONE and not self.h11.trailing_data[0]

    def alive(self) -> bool:
        """Return True if the idle connection is open. Readable bytes would be its end or a stray byte."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)


def has_body(request: h11.Request) -> bool:
    """Return True if a body follows this head."""
    return any(n == b"transfer-encoding" or (n == b"content-length" and v.strip(b"0")) for n, v in request.headers)


def _check_head(request: h11.Request) -> None:
    """Raise RequestError for what h11 admits: a head over the quota, or two ways to delimit the body."""
    size = len(request.method) + len(request.target) + sum(len(n) + len(v) + 4 for n, v in request.headers)
    if size > MAX_HEAD_BYTES:
        raise RequestError(431, f"The request line and headers are longer than {MAX_HEAD_BYTES} bytes")
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.headers}:
        raise RequestError(400, "The request has both Content-Length and Transfer-Encoding")
