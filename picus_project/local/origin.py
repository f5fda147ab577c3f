"""The server's side of an exchange: requests out, responses in, on a connection of our own."""

import asyncio
import socket
from contextlib import ExitStack

import h11

from picus_project.local.http1 import Peer

CONNECT_SECONDS = 5.0


class OriginError(Exception):
    """The origin can't be reached, broke off, or doesn't speak HTTP. `status` is 502, or 504 for silence."""

    def __init__(self, reason: str, status: int = 502) -> None:
        super().__init__(reason)
        self.status = status


class Origin(Peer):
    """The server's side, on a socket of our own. Every error is an OriginError."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, h11.CLIENT)

    @classmethod
    async def connect(cls, address: tuple[str, int]) -> "Origin":
        """A new connection to a host and port. Raises OriginError."""
        with ExitStack() as undo:
            sock = undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            sock.setblocking(False)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await asyncio.get_running_loop().sock_connect(sock, address)
            except OSError as error:  # TimeoutError is one
                raise OriginError(f"can't connect: {error or 'timeout'}") from error
            undo.pop_all()
            return cls(sock)

    async def event(self, seconds: float) -> h11.Event:
        """The next h11 event. `seconds` bounds every single wait for bytes; a silence is the status 504."""
        while True:
            try:
                event = self.h11.next_event()
                if isinstance(event, h11.Event):
                    return event
                self.h11.receive_data(await self._receive(seconds))
            except TimeoutError as error:
                raise OriginError(f"silent for {seconds:.0f} seconds", 504) from error
            except (OSError, h11.RemoteProtocolError) as error:
                raise OriginError(str(error)) from error

    async def send(self, *events: h11.Event, seconds: float) -> None:
        """Sends events; an origin that takes no byte of them for `seconds` is an OriginError."""
        try:
            async with asyncio.timeout(seconds):
                await self._send(*events)
        except OSError as error:
            raise OriginError(f"takes no more of the request: {error or 'timeout'}") from error

    def reusable(self) -> bool:
        """Whether the exchange ended so that another may follow on this connection."""
        return self.h11.our_state is h11.DONE and self.h11.their_state is h11.DONE and not self.h11.trailing_data[0]

    def alive(self) -> bool:
        """Whether an idle connection is still open: anything to read on it would be its end or a stray byte."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False
