"""Sending without waiting, and without waiting for long."""

import errno
import select
import socket
import time


def send_now(sock: socket.socket, data: memoryview) -> int:
    """Send what the kernel takes at once: how many bytes."""
    try:
        return sock.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0


def send_within(sock: socket.socket, data: memoryview, seconds: float) -> None:
    """Send all of it. Raises OSError, EAGAIN when the client does not take it in time."""
    deadline = time.monotonic() + seconds
    writable = select.poll()
    writable.register(sock, select.POLLOUT)
    while data:
        left = deadline - time.monotonic()
        if left <= 0 or not writable.poll(left * 1000):
            raise BlockingIOError(errno.EAGAIN, "the client is too slow")
        data = data[send_now(sock, data) :]
