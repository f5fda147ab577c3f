"""The worker: connections and threads, as a client and an operator notice them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.contract.client import Client
from tests.service.conftest import Shared, gunicorn, service_process

PING = b"HEAD /__lbheartbeat__ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@contextmanager
def dialled(client: Client) -> Iterator[socket.socket]:
    host, port = client.host.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        yield sock


def answer(sock: socket.socket) -> bytes:
    """The head of one answer without a body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(1)
        assert piece, f"closed after {data!r}"
        data += piece
    return data


def test_requests_sent_in_one_packet_are_answered_in_order(shared: Shared) -> None:
    _, client = shared
    bad = PING.replace(b"__lbheartbeat__", b"nowhere")
    with dialled(client) as sock:
        sock.sendall(PING + bad + PING)
        assert [answer(sock).split()[1] for _ in range(3)] == [b"200", b"404", b"200"]


def test_idle_connections_hold_no_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="2") as client,
        ExitStack() as stack,
    ):
        connections = [stack.enter_context(dialled(client)) for _ in range(50)]
        for _ in range(2):
            for sock in connections:
                sock.sendall(PING)
                assert answer(sock).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_never_ends_frees_its_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
        dialled(client) as stuck,
    ):
        stuck.sendall(PING[:20])
        time.sleep(0.2)  # the only thread has it
        with dialled(client) as sock:
            sock.sendall(PING)
            assert answer(sock).startswith(b"HTTP/1.1 200 ")
        assert stuck.recv(1) == b""


def test_the_process_says_that_it_lives_while_a_slow_body_has_its_only_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
        ExitStack() as stack,
    ):
        chunked = client.head_of("POST", "/picus/put", "Content-Type: application/json", "Transfer-Encoding: chunked")
        stack.enter_context(dialled(client)).sendall(chunked)
        time.sleep(0.5)
        # What comes right behind a probe waits for the thread, and not in the probe's place.
        for behind in (b"", chunked, b""):
            sock = stack.enter_context(dialled(client))
            started = time.monotonic()
            sock.sendall(PING + behind)
            assert answer(sock).startswith(b"HTTP/1.1 200 ")
            assert time.monotonic() - started < 4


def test_a_stopping_worker_answers_what_was_on_its_way_and_asks_to_close(shared: Shared) -> None:
    with service_process(shared) as (process, client), dialled(client) as sock, dialled(client) as idle:
        for each in (sock, idle):
            each.sendall(PING)
            assert b"Connection: keep-alive" in answer(each)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        sock.sendall(PING)
        assert b"Connection: close" in answer(sock)
        assert sock.recv(1) == b""
        assert idle.recv(1) == b""
        assert process.wait(timeout=10) == 0


def test_a_worker_whose_arbiter_is_killed_ends_too(shared: Shared) -> None:
    with service_process(shared) as (process, _):
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
        )
        worker = int(listed.stdout)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while os.path.exists(f"/proc/{worker}/exe"):  # noqa: PTH110 it may go while it is looked at
            assert time.monotonic() < deadline, "the worker is still there"
            time.sleep(0.05)
