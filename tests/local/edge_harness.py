"""Run the local HTTP servers in a thread, with scripted origins behind them, and talk to them in raw bytes."""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import h11

from picus_project.local import http_server
from picus_project.local.distribution import Distribution, load
from picus_project.local.edge import LocalEdge
from picus_project.local.proxy import ReverseProxy, Route
from tests.dynamodb import ROOT

T = TypeVar("T")
TEMPLATE = ROOT / "ecs" / "edge.yaml"
SECRETS = {"test/alb": "alb-secret", "test/api-key": "api-secret"}
TIMEOUT_SECONDS = 10.0

# How an origin serves one connection.
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def parameters(alb_port: int, api_port: int) -> dict[str, str]:
    """Return the template's parameters for two origins on this machine."""
    return {
        "AlbHost": "127.0.0.1",
        "AlbProtocol": "http-only",
        "AlbPort": str(alb_port),
        "ApiHost": "127.0.0.1",
        "ApiProtocol": "http-only",
        "ApiPort": str(api_port),
        "ApiPath": "/stage",
        "AlbSecret": "test/alb",
        "ApiKeySecret": "test/api-key",
    }


def distribution(template: Path = TEMPLATE, alb_port: int = 1, api_port: int = 2) -> Distribution:
    return load(template, parameters=parameters(alb_port, api_port), secrets=SECRETS)


class Loop:
    """An event loop in a thread, which tests drive by plain calls."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.tasks: list[asyncio.Task[None]] = []
        self.proxies: list[ReverseProxy] = []

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(TIMEOUT_SECONDS)

    def serve(self, handle: http_server.RequestHandler) -> int:
        """Serve on a free port; return the port."""
        sock = http_server.bind("127.0.0.1", 0)
        sock.listen()
        port: int = sock.getsockname()[1]

        async def start() -> None:
            self.tasks.append(asyncio.create_task(http_server.serve(sock, handle)))

        self.call(start())
        return port

    def proxy(self, route: Route) -> int:
        """Relay by a route on a free port; return the port."""
        proxy = ReverseProxy(route)
        self.proxies.append(proxy)
        return self.serve(proxy.handle)

    def origin(self, script: Script) -> int:
        """Run a script for every connection on a free port; return the port."""
        sock = http_server.bind("127.0.0.1", 0)
        sock.listen()
        sock.setblocking(False)
        port: int = sock.getsockname()[1]

        async def start() -> None:
            self.tasks.append(asyncio.create_task(_accept(sock, script)))

        self.call(start())
        return port

    def close(self) -> None:
        async def end() -> None:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            for proxy in self.proxies:
                proxy.close()
            await asyncio.sleep(0)  # transports close in the loop's next round

        self.call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(TIMEOUT_SECONDS)
        self.loop.close()


async def _accept(sock: socket.socket, script: Script) -> None:
    connections: set[asyncio.Task[None]] = set()
    try:
        while True:
            accepted, _ = await asyncio.get_running_loop().sock_accept(sock)
            connections.add(asyncio.create_task(_run_script(accepted, script)))
    finally:
        sock.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _run_script(accepted: socket.socket, script: Script) -> None:
    """Serve one connection. A connection that the script leaves open is closed after it."""
    reader, writer = await asyncio.open_connection(sock=accepted)
    try:
        await script(reader, writer)
        writer.close()
        await writer.wait_closed()
    except OSError:
        pass
    finally:
        writer.transport.abort()


@dataclass
class Seen:
    """A request as an origin got it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name.lower()]


@dataclass
class Recorder:
    """An origin that records every request and sends a 200 with its own name."""

    name: str
    requests: list[Seen] = field(default_factory=list)
    connections: int = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while seen := await read_request(reader):
            self.requests.append(seen)
            writer.write(response_bytes(200, self.name.encode(), ("X-Origin", self.name)))
            await writer.drain()

    @property
    def last(self) -> Seen:
        return self.requests[-1]


async def read_request(reader: asyncio.StreamReader) -> Seen | None:
    """Return the next whole request of a connection, None at the connection's end."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2**20)
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            # One byte at a time never reads into the next request.
            connection.receive_data(await reader.read(1 if request is None else 2**16))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and request:
            headers = [(name.decode(), value.decode()) for name, value in request.headers.raw_items()]
            return Seen(request.method.decode(), request.target.decode(), headers, bytes(body))
        else:
            return None


def response_bytes(status: int, body: bytes, *headers: tuple[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Fine", f"Content-Length: {len(body)}", *(f"{n}: {v}" for n, v in headers), "", ""]
    return "\r\n".join(lines).encode() + body


def respond_with(*pieces: bytes) -> Script:
    """Return an origin that reads a request, sends these bytes and closes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return script


@dataclass
class Response:
    """A response as a client got it; `body` may be incomplete."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool

    @property
    def error(self) -> str:
        """Return the message of a response in the error shape."""
        assert self.headers["content-type"] == "application/json", self
        error = json.loads(self.body)["error"]
        assert isinstance(error, str)
        return error


class EdgeConnection:
    """A connection to a local server. It sends raw bytes, and h11 reads the responses."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(("127.0.0.1", port))
        self.ahead = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, method: str = "GET") -> Response:
        """Read one response, up to its end or the connection's."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
        if self.ahead:
            parser.receive_data(self.ahead)
        head: h11.Response | None = None
        body = bytearray()
        complete = False
        try:
            while not complete:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    parser.receive_data(self.sock.recv(2**16))
                elif isinstance(event, h11.Response):
                    head = event
                elif isinstance(event, h11.Data):
                    body += event.data
                complete = isinstance(event, h11.EndOfMessage)
        except (h11.RemoteProtocolError, ConnectionResetError):
            pass
        assert head, "no response"
        self.ahead = bytes(parser.trailing_data[0])
        headers = {name.decode(): value.decode() for name, value in head.headers}
        return Response(head.status_code, headers, bytes(body), complete)

    def send_for_ever(self) -> None:
        while True:
            self.sock.sendall(b"x" * 65536)

    def read_to_the_end(self) -> bytes:
        data = b""
        while piece := self.sock.recv(65536):
            data += piece
        return data

    def ended(self) -> bool:
        """Return True if the server closes without sending more."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self, *, reset: bool = False) -> None:
        if reset:  # SO_LINGER of 0 seconds
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def exchange(port: int, data: bytes, *, half_close: bool = False, method: str = "GET") -> Response:
    """Send bytes on a new connection and read the response."""
    client = EdgeConnection(port)
    try:
        client.send(data)
        if half_close:
            client.sock.shutdown(socket.SHUT_WR)
        return client.read(method)
    finally:
        client.close()


def get(port: int, target: str, *headers: str, method: str = "GET") -> Response:
    """Send a request without a body and read the response."""
    lines = [f"{method} {target} HTTP/1.1", "Host: viewer.example", *headers, "", ""]
    return exchange(port, "\r\n".join(lines).encode(), method=method)


def start_edge(loop: Loop, alb: Script, api: Script, template: Path = TEMPLATE) -> int:
    """Start the local edge with two scripted origins; return its port."""
    return loop.proxy(LocalEdge(distribution(template, loop.origin(alb), loop.origin(api))).route)


@contextmanager
def event_loop() -> Iterator[Loop]:
    loop = Loop()
    try:
        yield loop
    finally:
        loop.close()


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
