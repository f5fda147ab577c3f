"""Bodies pass through the edge as they come, both ways, and nobody is told that a broken one is whole."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.local.test_template import changed
from tests.local.twin import (
    Loop,
    Recorder,
    Script,
    Twin,
    Viewer,
    answering,
    exchange,
    get,
    read_request,
    response,
    wait_until,
)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 2**20


class Flood:
    """An origin that sends without end, and remembers how much was taken and whether the connection broke."""

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
    """An origin that never answers, and remembers whether the connection was closed."""

    def __init__(self) -> None:
        self.asked = False
        self.closed = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        self.asked = True
        self.closed = await reader.read(1) == b""


def test_a_response_is_passed_on_while_it_is_made(loop: Loop, api: Recorder) -> None:
    go_on = asyncio.Event()

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(CHUNKED + b"5\r\nfirst\r\n")
        await go_on.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")

    viewer = Viewer(Twin.start(loop, origin, api).port)
    viewer.send(GET)
    seen = b""
    while b"first" not in seen:
        seen += viewer.sock.recv(4096)
    loop.loop.call_soon_threadsafe(go_on.set)
    while not seen.endswith(b"0\r\n\r\n"):
        seen += viewer.sock.recv(4096)
    viewer.close()
    assert b"4\r\nlast\r\n" in seen


def test_a_request_body_is_passed_on_while_it_comes(loop: Loop, api: Recorder) -> None:
    seen: list[bytes] = []

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append(await reader.readexactly(5))
        seen.append(await reader.readexactly(4))
        writer.write(response(200, b"both"))

    viewer = Viewer(Twin.start(loop, origin, api).port)
    viewer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfirst")
    wait_until(lambda: seen == [b"first"])
    viewer.send(b"last")
    assert viewer.read().body == b"both"
    viewer.close()
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
def test_a_request_body_arrives_whole(twin: Twin, alb: Recorder, request_: bytes) -> None:
    assert exchange(twin.port, request_).status == 200
    assert alb.last.body == b"hello world"


def test_a_slow_reader_slows_the_origin_down(loop: Loop, api: Recorder) -> None:
    flood = Flood()
    viewer = Viewer(Twin.start(loop, flood, api).port, receive_buffer=65536)
    viewer.send(GET)
    stable = 0

    def stands_still() -> bool:
        nonlocal stable
        before, stable = stable, flood.sent
        return before == flood.sent > 0

    for _ in range(20):
        wait_until(stands_still)
    # What the kernel's buffers of two connections hold, and no more.
    assert flood.sent < 32 * MEGABYTE
    viewer.close()
    wait_until(lambda: flood.broken)


def test_a_viewer_that_leaves_in_mid_response_ends_the_origins_work(loop: Loop, api: Recorder) -> None:
    flood = Flood()
    viewer = Viewer(Twin.start(loop, flood, api).port)
    viewer.send(GET)
    viewer.sock.recv(65536)
    viewer.close()
    wait_until(lambda: flood.broken, seconds=2)


def test_a_viewer_that_leaves_before_the_answer_ends_the_origins_work(loop: Loop, api: Recorder) -> None:
    silent = Silent()
    viewer = Viewer(Twin.start(loop, silent, api).port)
    viewer.send(GET)
    wait_until(lambda: silent.asked)
    viewer.close()
    wait_until(lambda: silent.closed, seconds=2)


def test_a_viewer_that_resets_ends_the_origins_work(loop: Loop, api: Recorder) -> None:
    silent = Silent()
    viewer = Viewer(Twin.start(loop, silent, api).port)
    viewer.send(GET)
    wait_until(lambda: silent.asked)
    viewer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    viewer.close()
    wait_until(lambda: silent.closed, seconds=2)


def test_a_viewer_that_only_stops_sending_still_gets_its_answer(loop: Loop, api: Recorder) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for piece in (CHUNKED, b"1\r\na\r\n", b"1\r\nb\r\n", b"1\r\nc\r\n", b"0\r\n\r\n"):
            writer.write(piece)
            await asyncio.sleep(0.2)

    answer = exchange(Twin.start(loop, slow, api).port, GET, half_close=True)
    assert (answer.body, answer.complete) == (b"abc", True)


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
def test_a_response_that_breaks_off_is_never_complete(loop: Loop, api: Recorder, broken: bytes) -> None:
    answer = get(Twin.start(loop, answering(broken), api).port, "/")
    assert (answer.status, answer.complete) == (200, False)
    assert answer.body.startswith(b"first")


def test_an_old_viewer_sees_a_broken_response_as_an_error(loop: Loop, api: Recorder) -> None:
    viewer = Viewer(Twin.start(loop, answering(CHUNKED + b"5\r\nfirst\r\n"), api).port)
    viewer.send(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        viewer.read_to_the_end()
    viewer.close()


def test_an_old_viewer_gets_a_chunked_response_up_to_the_end_of_the_connection(loop: Loop, api: Recorder) -> None:
    port = Twin.start(loop, answering(CHUNKED + b"5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n"), api).port
    answer = exchange(port, b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    assert (answer.body, answer.complete) == (b"firstlast", True)
    assert "transfer-encoding" not in answer.headers


def test_a_response_that_only_the_connections_end_delimits_gets_through(loop: Loop, api: Recorder) -> None:
    answer = get(Twin.start(loop, answering(b"HTTP/1.0 200 OK\r\n\r\nall of it"), api).port, "/")
    assert (answer.body, answer.complete) == (b"all of it", True)


def test_interim_responses_are_not_taken_for_the_answer(loop: Loop, api: Recorder) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    assert get(Twin.start(loop, answering(early + response(200, b"final")), api).port, "/").body == b"final"


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_without_a_body_keeps_the_connection(loop: Loop, api: Recorder, status: int) -> None:
    viewer = Viewer(Twin.start(loop, answering(f"HTTP/1.1 {status} Fine\r\n\r\n".encode()), api).port)
    for _ in range(2):
        viewer.send(GET)
        answer = viewer.read()
        assert (answer.status, answer.body, answer.complete) == (status, b"", True)
    viewer.close()


def test_head_has_the_length_of_the_answer_and_no_body(loop: Loop, api: Recorder) -> None:
    port = Twin.start(loop, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), api).port
    answer = get(port, "/", method="HEAD")
    assert (answer.headers["content-length"], answer.body, answer.complete) == ("500", b"", True)


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 30_000])
def test_an_origin_without_an_answer_is_502(loop: Loop, api: Recorder, said: bytes) -> None:
    answer = get(Twin.start(loop, answering(said), api).port, "/")
    assert answer.status == 502
    assert "origin" in answer.error
    assert answer.headers["x-request-id"] == answer.headers["x-amz-cf-id"]


def test_an_origin_that_is_down_is_502(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    down = changed(template_copy, ("HTTPPort: !Ref AlbPort", f"HTTPPort: {port}"))
    viewer = Viewer(Twin.start(loop, alb, api, down).port)
    for _ in range(2):  # and the viewer's connection stays
        viewer.send(GET)
        assert viewer.read().status == 502
    viewer.close()


def test_an_origin_that_stays_silent_is_504(loop: Loop, api: Recorder, template_copy: Path) -> None:
    impatient = changed(template_copy, ("OriginReadTimeout: 60", "OriginReadTimeout: 0.2"))
    answer = get(Twin.start(loop, Silent(), api, impatient).port, "/")
    assert answer.status == 504
    assert "in time" in answer.error


def test_an_origin_may_be_silent_while_the_viewer_still_sends(loop: Loop, alb: Recorder, template_copy: Path) -> None:
    impatient = changed(template_copy, ("OriginReadTimeout: 60", "OriginReadTimeout: 0.1"))
    viewer = Viewer(Twin.start(loop, alb, alb, impatient).port)
    viewer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfirst")
    loop.call(asyncio.sleep(0.3))
    viewer.send(b"last")
    assert viewer.read().status == 200
    viewer.close()


def refusing(status: int) -> Script:
    """An origin that answers when it has seen the head, and closes over what it did not read."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(status, b'{"error": "too large"}', ("Content-Type", "application/json")))
        await writer.drain()

    return script


@pytest.mark.parametrize("attempt", range(5))
def test_an_early_refusal_reaches_a_viewer_that_sends_all_before_it_reads(
    loop: Loop, api: Recorder, attempt: int
) -> None:
    viewer = Viewer(Twin.start(loop, refusing(413), api).port)
    size = 20 * MEGABYTE
    viewer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    viewer.send(b"x" * size)
    answer = viewer.read()
    viewer.close()
    assert (answer.status, answer.error, answer.complete) == (413, "too large", True)


def test_a_viewer_that_waits_to_be_told_sends_its_body(twin: Twin, alb: Recorder) -> None:
    viewer = Viewer(twin.port)
    viewer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert viewer.sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
    viewer.send(b"hello")
    assert viewer.read().status == 200
    viewer.close()
    assert alb.last.body == b"hello"
    assert alb.last.header("Expect") is None


class OnceEach(Recorder):
    """Answers the first request of a connection and hangs up on the second, as a server that just gave it up."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        seen = await read_request(reader)
        if seen:
            self.requests.append(seen)
            writer.write(response(200, b"once"))
            await writer.drain()
        await read_request(reader)


def test_a_kept_connection_that_died_is_replaced_once(loop: Loop, api: Recorder) -> None:
    origin = OnceEach("alb")
    port = Twin.start(loop, origin, api).port
    assert [get(port, "/").status for _ in range(4)] == [200] * 4
    assert len(origin.requests) == origin.connections == 4


def test_a_request_with_a_body_is_never_sent_twice(loop: Loop, api: Recorder) -> None:
    asked: list[bytes] = []

    async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = await read_request(reader)
        assert seen
        if seen.method == "GET":
            writer.write(response(200, b"kept"))
            seen = await read_request(reader)
        if seen:
            asked.append(seen.body)

    port = Twin.start(loop, origin, api).port
    assert get(port, "/").status == 200
    assert exchange(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nonce").status == 502
    assert asked == [b"once"]


def test_an_idle_connection_is_given_up_after_the_templates_time(
    loop: Loop, alb: Recorder, api: Recorder, template_copy: Path
) -> None:
    forgetful = changed(template_copy, ("OriginKeepaliveTimeout: 30", "OriginKeepaliveTimeout: 0"))
    port = Twin.start(loop, alb, api, forgetful).port
    assert [get(port, "/").status for _ in range(3)] == [200] * 3
    assert alb.connections == 3


def test_many_viewers_at_once_each_get_their_own(loop: Loop, alb: Recorder, api: Recorder) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while seen := await read_request(reader):
            await asyncio.sleep(0.01)
            writer.write(response(200, seen.target.encode()))

    port = Twin.start(loop, echo, api).port
    viewers = [Viewer(port) for _ in range(50)]
    for number, viewer in enumerate(viewers):
        viewer.send(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
    assert [viewer.read().body for viewer in viewers] == [b"/%d" % number for number in range(50)]
    for viewer in viewers:
        viewer.close()
