"""Open connections: resolve the name, connect by TCP, and negotiate TLS, each within its timeout."""

import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from picus_api.core.dynamodb.http_connection import HttpConnection
from picus_api.core.dynamodb.http_parser import RequestNotSent

if TYPE_CHECKING:  # a local endpoint doesn't need it
    from picus_api.core.dynamodb.tls import Trust


class Address(NamedTuple):
    """The server to connect to, and the timeouts in seconds for connecting and for each piece of a response."""

    host: str
    port: int
    tls: "Trust | None"
    connect_timeout: float
    read_timeout: float


def open_connection(address: Address, deadline: float) -> HttpConnection:
    """Connect, with TLS if the address has it, before ``deadline`` (time.monotonic()). Raises RequestNotSent."""
    try:
        sock = _connect_any(address, deadline)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that IDNA can't take
        reason = getattr(error, "strerror", None) or error
        raise RequestNotSent(f"connecting to {address.host}:{address.port} failed: {reason}") from error
    if address.tls is not None:
        sock = _start_tls(sock, address.tls, address.host)
    return HttpConnection(sock, address.read_timeout)


def _connect_any(address: Address, deadline: float) -> socket.socket:
    """Try each of the host's addresses in turn. The system limits the time of its resolver."""
    failure: OSError = TimeoutError("timed out")
    for family, kind, protocol, _, target in socket.getaddrinfo(address.host, address.port, 0, socket.SOCK_STREAM):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(min(address.connect_timeout, left))
            sock.connect(target)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    try:
        raise failure
    finally:
        del failure  # its traceback has this frame: the two would keep each other until a garbage collection


def _start_tls(sock: socket.socket, trust: "Trust", host: str) -> socket.socket:
    """Negotiate TLS. The socket's timeout, which is the connect timeout, holds for the whole handshake."""
    context = trust.context
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except OSError as error:
        sock.close()
        untrusted = type(error).__name__ == "SSLCertVerificationError"
        raise RequestNotSent(
            f"TLS with {host} failed: {error}", final=untrusted and not trust.widen(context)
        ) from error
