"""The client's side of an exchange: requests in, responses out, on an accepted socket."""

import asyncio
import socket
from contextlib import suppress

import h11

from picus_project.local.http1 import MAX_HEAD_BYTES, RECEIVE_BYTES, Peer, has_body

# How long a viewer may keep an idle connection, in seconds.
IDLE_SECONDS = 60.0
# A request whose head or body stops arriving for this long is answered with 408.
STALL_SECONDS = 10.0
# After an answer that came before the end of the request, for this long the rest is read and thrown away.
LINGER_SECONDS = 10.0
# A viewer that closed its sending side may still read: it is given up when nothing could be sent for this long.
HALF_CLOSE_SECONDS = 0.5


class Disconnect(Exception):
    """The viewer's connection is over: it left, or an answer that has begun can't be completed."""


class RequestError(Exception):
    """The viewer's request can't be read to its end. `status` says how to answer it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Viewer(Peer):
    """The client's side, on an accepted socket. Errors are Disconnect and RequestError."""

    def __init__(self, sock: socket.socket, address: str) -> None:
        super().__init__(sock, h11.SERVER)
        self.address = address
        self.method = b""
        # False once an answer has begun that only the end of the connection delimits (HTTP/1.0).
        self.framed = True

    async def request(self) -> h11.Request | None:
        """The head of the next request, or None when the viewer has no more of them."""
        self.method = b""
        if not self.h11.trailing_data[0]:
            try:
                self.h11.receive_data(await self._receive(IDLE_SECONDS))
            except TimeoutError:
                return None
            except OSError as error:
                raise Disconnect from error
        event = await self.event()
        if not isinstance(event, h11.Request):
            return None
        self.method = event.method
        check_head(event)
        if not has_body(event):
            await self.event()  # the EndOfMessage, which is there without waiting
        return event

    async def event(self) -> h11.Event:
        """The next h11 event; a wait for bytes longer than STALL_SECONDS is a RequestError (408)."""
        while True:
            try:
                event = self.h11.next_event()
                if isinstance(event, h11.Event):
                    return event
                self.h11.receive_data(await self._receive(STALL_SECONDS))
            except h11.RemoteProtocolError as error:
                reason = str(error).split(": b")[0]  # what follows would be Python's view of the bytes
                raise RequestError(error.error_status_hint, f"The request is malformed: {reason}") from error
            except TimeoutError as error:
                raise RequestError(408, f"The request stopped arriving for {STALL_SECONDS:.0f} seconds") from error
            except OSError as error:
                raise Disconnect from error

    def wants_more(self) -> bool:
        """Whether a part of the request is still to be read."""
        return self.h11.their_state is h11.SEND_BODY

    async def send(self, *events: h11.Event) -> None:
        """Sends events; waits while the viewer is slow to read. Raises Disconnect."""
        for event in events:
            if isinstance(event, h11.Response):
                version = self.h11.their_http_version
                self.framed = version != b"1.0" or any(name == b"content-length" for name, _ in event.headers)
        try:
            await self._send(*events)
        except OSError as error:
            raise Disconnect from error

    async def continue_if_expected(self) -> None:
        """Tells a viewer that waits for it (`Expect: 100-continue`) to send its body."""
        if self.h11.they_are_waiting_for_100_continue:
            await self.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))

    async def watch(self) -> None:
        """Waits, after the whole request was read, until the viewer is gone. Never returns, raises Disconnect."""
        try:
            while data := await self._receive(None):
                self.h11.receive_data(data)
                if len(self.h11.trailing_data[0]) > RECEIVE_BYTES:
                    await asyncio.Event().wait()  # it sends ahead so far that it isn't read on before its turn
            self.h11.receive_data(b"")
        except OSError as error:
            raise Disconnect from error
        sent = -1
        while sent != self.sent_bytes:
            sent = self.sent_bytes
            await asyncio.sleep(HALF_CLOSE_SECONDS)
        raise Disconnect

    async def linger(self) -> None:
        """Ends the answer and reads on for a while: a close over unread bytes would reset the answer away."""
        with suppress(OSError, TimeoutError):
            self.sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(LINGER_SECONDS):
                while await self._receive(None):
                    pass


def check_head(request: h11.Request) -> None:
    """Refuses, by RequestError, what h11 lets through: heads over the quota, and two ways to delimit the body."""
    size = len(request.method) + len(request.target) + sum(len(n) + len(v) + 4 for n, v in request.headers)
    if size > MAX_HEAD_BYTES:
        raise RequestError(431, f"The request line and headers are longer than {MAX_HEAD_BYTES} bytes")
    if {b"content-length", b"transfer-encoding"} <= {name for name, _ in request.headers}:
        raise RequestError(400, "The request has both Content-Length and Transfer-Encoding")
