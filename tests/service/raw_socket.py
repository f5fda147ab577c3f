"""Sockets to the service, for tests that choose when each byte is sent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.contract.client import Client
from tests.raw_client import RawConnection

PROBE = b"HEAD /__lbheartbeat__ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
"""A liveness probe, which needs neither a table nor an allowed Host."""


@contextmanager
def open_socket(client: Client) -> Iterator[socket.socket]:
    """Connect to the client's service. Reads time out after 60 seconds."""
    with RawConnection(client.base_url, timeout=60) as connection:
        yield connection.sock


def read_head(sock: socket.socket) -> bytes:
    """Read the head of one response, and nothing behind it. Fail if the connection closes first."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(1)
        assert piece, f"closed after {data!r}"
        data += piece
    return data


def read_until_closed(sock: socket.socket) -> bytes:
    """Read until the service closes the connection."""
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data
