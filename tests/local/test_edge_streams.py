"""The local edge streams bodies both ways, and never presents a truncated body as complete."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.local.edge_harness import (
    EdgeConnection,
    Loop,
    Recorder,
    Script,
    exchange,
    get,
    read_request,
    respond_with,
    response_bytes,
    start_edge,
    wait_until,
)
from tests.local.test_distribution import changed

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 2**20


class Flood:
    """An origin that sends without end, and records how much was sent and whether the connection broke."""

    def __init__(self) -> None:
        self.sent = 0
        self.broken = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(CHUNKED)
        try:
            while True:
                writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                await writer.drain()
                self.sent += 65536
        except OSError:
            self.broken = True


class Silent:
    """An origin that never responds, and records whether the connection was closed."""

    def __init__(self) -> None:
        self.received = False
        self.closed = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        self.received = True
        self.closed = await reader.read(1) == b""


def test_response_is_streamed(loop: Loop, api: Recorder) -> None:
    go_on = asyncio.Event()

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(CHUNKED + b"5\r\nfirst\r\n")
        await go_on.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")

    client = EdgeConnection(start_edge(loop, origin, api))
    client.send(GET)
    seen = b""
    while b"first" not in seen:
        seen += client.sock.recv(4096)
    loop.loop.call_soon_threadsafe(go_on.set)
    while not seen.endswith(b"0\r\n\r\n"):
        seen += client.sock.recv(4096)
    client.close()
    assert b"4\r\nlast\r\n" in seen


def test_request_body_is_streamed(loop: Loop, api: Recorder) -> None:
    seen: list[bytes] = []

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append(await reader.readexactly(5))
        seen.append(await reader.readexactly(4))
        writer.write(response_bytes(200, b"both"))

    client = EdgeConnection(start_edge(loop, origin, api))
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfirst")
    wait_until(lambda: seen == [b"first"])
    client.send(b"last")
    assert client.read().body == b"both"
    client.close()
    assert seen == [b"first", b"last"]


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: 1\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
def test_request_body_arrives_whole(edge_port: int, alb: Recorder, request_: bytes) -> None:
    assert exchange(edge_port, request_).status == 200
    assert alb.last.body == b"hello world"


def test_slow_client_slows_the_origin_down(loop: Loop, api: Recorder) -> None:
    flood = Flood()
    client = EdgeConnection(start_edge(loop, flood, api), receive_buffer=65536)
    client.send(GET)
    stable = 0

    def stands_still() -> bool:
        nonlocal stable
        before, stable = stable, flood.sent
        return before == flood.sent > 0

    for _ in range(20):
        wait_until(stands_still)
    # No more than the kernel's buffers of two connections hold.
    assert flood.sent < 32 * MEGABYTE
    client.close()
    wait_until(lambda: flood.broken)


def test_client_leaving_mid_response_cancels_the_origin(loop: Loop, api: Recorder) -> None:
    flood = Flood()
    client = EdgeConnection(start_edge(loop, flood, api))
    client.send(GET)
    client.sock.recv(65536)
    client.close()
    wait_until(lambda: flood.broken, seconds=2)


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_client_leaving_before_response_cancels_the_origin(loop: Loop, api: Recorder, reset: bool) -> None:
    silent = Silent()
    client = EdgeConnection(start_edge(loop, silent, api))
    client.send(GET)
    wait_until(lambda: silent.received)
    client.close(reset=reset)
    wait_until(lambda: silent.closed, seconds=2)


def test_client_that_half_closes_gets_its_response(loop: Loop, api: Recorder) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in (CHUNKED, b"1\r\na\r\n", b"1\r\nb\r\n", b"1\r\nc\r\n", b"0\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0.2)

    response = exchange(start_edge(loop, slow, api), GET, half_close=True)
    assert (response.body, response.complete) == (b"abc", True)


@pytest.mark.parametrize(
    "broken",
    [
        CHUNKED + b"5\r\nfirst\r\n",
        CHUNKED + b"5\r\nfirst\r\n10\r\nla",
        CHUNKED + b"5\r\nfirst\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nfirst",
    ],
    ids=["between chunks", "in a chunk", "no chunk", "length"],
)
def test_truncated_response_is_never_complete(loop: Loop, api: Recorder, broken: bytes) -> None:
    response = get(start_edge(loop, respond_with(broken), api), "/")
    assert (response.status, response.complete) == (200, False)
    assert response.body.startswith(b"first")


def test_truncated_response_resets_an_http_1_0_client(loop: Loop, api: Recorder) -> None:
    client = EdgeConnection(start_edge(loop, respond_with(CHUNKED + b"5\r\nfirst\r\n"), api))
    client.send(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        client.read_to_the_end()
    client.close()


def test_http_1_0_client_gets_an_unchunked_response(loop: Loop, api: Recorder) -> None:
    port = start_edge(loop, respond_with(CHUNKED + b"5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n"), api)
    response = exchange(port, b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    assert (response.body, response.complete) == (b"firstlast", True)
    assert "transfer-encoding" not in response.headers


def test_response_delimited_by_close_is_relayed(loop: Loop, api: Recorder) -> None:
    response = get(start_edge(loop, respond_with(b"HTTP/1.0 200 OK\r\n\r\nall of it"), api), "/")
    assert (response.body, response.complete) == (b"all of it", True)


def test_interim_responses_are_skipped(loop: Loop, api: Recorder) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    assert get(start_edge(loop, respond_with(early + response_bytes(200, b"final")), api), "/").body == b"final"


@pytest.mark.parametrize("status", [204, 304])
def test_bodiless_response_keeps_the_connection(loop: Loop, api: Recorder, status: int) -> None:
    client = EdgeConnection(start_edge(loop, respond_with(f"HTTP/1.1 {status} Fine\r\n\r\n".encode()), api))
    for _ in range(2):
        client.send(GET)
        response = client.read()
        assert (response.status, response.body, response.complete) == (status, b"", True)
    client.close()


def test_head_response_has_length_and_no_body(loop: Loop, api: Recorder) -> None:
    port = start_edge(loop, respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), api)
    response = get(port, "/", method="HEAD")
    assert (response.headers["content-length"], response.body, response.complete) == ("500", b"", True)


@pytest.mark.parametrize("sent", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 30_000])
def test_origin_without_a_response_is_502(loop: Loop, api: Recorder, sent: bytes) -> None:
    response = get(start_edge(loop, respond_with(sent), api), "/")
    assert response.status == 502
    assert "origin" in response.error
    assert response.headers["x-request-id"] == response.headers["x-amz-cf-id"]


def test_unreachable_origin_is_502(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    down = changed(template_copy, ("HTTPPort: !Ref AlbPort", f"HTTPPort: {port}"))
    client = EdgeConnection(start_edge(loop, alb, api, down))
    for _ in range(2):  # and the client's connection stays
        client.send(GET)
        assert client.read().status == 502
    client.close()


def test_silent_origin_is_504(loop: Loop, api: Recorder, template_copy: Path) -> None:
    impatient = changed(template_copy, ("OriginReadTimeout: 60", "OriginReadTimeout: 0.2"))
    response = get(start_edge(loop, Silent(), api, impatient), "/")
    assert response.status == 504
    assert "in time" in response.error


def test_origin_may_be_silent_while_the_client_sends(loop: Loop, alb: Recorder, template_copy: Path) -> None:
    impatient = changed(template_copy, ("OriginReadTimeout: 60", "OriginReadTimeout: 0.1"))
    client = EdgeConnection(start_edge(loop, alb, alb, impatient))
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfirst")
    loop.call(asyncio.sleep(0.3))
    client.send(b"last")
    assert client.read().status == 200
    client.close()


def early_response(status: int) -> Script:
    """Return an origin that responds after the head and closes without reading the body."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response_bytes(status, b'{"error": "too large"}', ("Content-Type", "application/json")))
        await writer.drain()

    return script


@pytest.mark.parametrize("attempt", range(5))
def test_early_response_reaches_a_client_that_sends_first(loop: Loop, api: Recorder, attempt: int) -> None:
    client = EdgeConnection(start_edge(loop, early_response(413), api))
    size = 20 * MEGABYTE
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    client.send(b"x" * size)
    response = client.read()
    client.close()
    assert (response.status, response.error, response.complete) == (413, "too large", True)


def test_expect_100_continue_is_answered_by_the_edge(edge_port: int, alb: Recorder) -> None:
    client = EdgeConnection(edge_port)
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert client.sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hello")
    assert client.read().status == 200
    client.close()
    assert alb.last.body == b"hello"
    assert alb.last.header("Expect") is None


class OneRequestPerConnection(Recorder):
    """An origin that closes a kept connection when its second request arrives, as after an idle timeout."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        seen = await read_request(reader)
        if seen:
            self.requests.append(seen)
            writer.write(response_bytes(200, b"once"))
            await writer.drain()
        await read_request(reader)


def test_dead_kept_connection_is_replaced_once(loop: Loop, api: Recorder) -> None:
    origin = OneRequestPerConnection("alb")
    port = start_edge(loop, origin, api)
    assert [get(port, "/").status for _ in range(4)] == [200] * 4
    assert len(origin.requests) == origin.connections == 4


def test_request_with_a_body_is_never_sent_twice(loop: Loop, api: Recorder) -> None:
    bodies: list[bytes] = []

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = await read_request(reader)
        assert seen
        if seen.method == "GET":
            writer.write(response_bytes(200, b"kept"))
            seen = await read_request(reader)
        if seen:
            bodies.append(seen.body)

    port = start_edge(loop, origin, api)
    assert get(port, "/").status == 200
    assert exchange(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nonce").status == 502
    assert bodies == [b"once"]


def test_idle_origin_connection_closes_after_keepalive_timeout(
    loop: Loop, alb: Recorder, api: Recorder, template_copy: Path
) -> None:
    forgetful = changed(template_copy, ("OriginKeepaliveTimeout: 30", "OriginKeepaliveTimeout: 0"))
    port = start_edge(loop, alb, api, forgetful)
    assert [get(port, "/").status for _ in range(3)] == [200] * 3
    assert alb.connections == 3


def test_concurrent_clients_get_their_own_responses(loop: Loop, alb: Recorder, api: Recorder) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while seen := await read_request(reader):
            await asyncio.sleep(0.01)
            writer.write(response_bytes(200, seen.target.encode()))

    port = start_edge(loop, echo, api)
    clients = [EdgeConnection(port) for _ in range(50)]
    for number, client in enumerate(clients):
        client.send(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
    assert [client.read().body for client in clients] == [b"/%d" % number for number in range(50)]
    for client in clients:
        client.close()
