"""HTTP/1.1 on one socket: h11 speaks the protocol, this moves the bytes.

A socket is read only when somebody asks for the next event and written until the kernel took every byte, so a slow
reader slows the writer down and nothing is ever buffered whole. Bare sockets rather than asyncio's streams: there, a
failed write throws away what was already received, and an origin that refuses a body early (413, then close) would
look like an origin that broke.
"""

import asyncio
import socket
import struct
from contextlib import suppress

import h11

RECEIVE_BYTES = 64 * 1024
# CloudFront's quota for a request without its body.
MAX_HEAD_BYTES = 20_480

Header = tuple[bytes, bytes]


class Peer:
    """One side of an exchange. Only one task at a time may wait for its events, and one for its sends."""

    def __init__(self, sock: socket.socket, role: type[h11.CLIENT] | type[h11.SERVER]) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.h11 = h11.Connection(role, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.received_bytes = 0
        self.sent_bytes = 0

    async def _receive(self, seconds: float | None) -> bytes:
        """Up to 64 KiB, empty at the end of the stream. Raises TimeoutError, OSError.

        Not loop.sock_recv(): cancelled at the wrong moment, that loses what it has read.
        """
        async with asyncio.timeout(seconds):
            while True:
                with suppress(BlockingIOError):
                    data = self.sock.recv(RECEIVE_BYTES)
                    self.received_bytes += len(data)
                    return data
                await self._readable()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self.sock, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self.sock)

    async def _send(self, *events: h11.Event) -> None:
        data = b"".join(self.h11.send(event) or b"" for event in events)
        if data:
            await asyncio.get_running_loop().sock_sendall(self.sock, data)
            self.sent_bytes += len(data)

    def close(self, *, reset: bool = False) -> None:
        """Closes the socket; `reset` makes the other side see an error rather than an end."""
        if reset:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def has_body(request: h11.Request) -> bool:
    """Whether a body follows this head."""
    return any(n == b"transfer-encoding" or (n == b"content-length" and v.strip(b"0")) for n, v in request.headers)
