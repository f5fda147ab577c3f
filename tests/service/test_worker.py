"""The worker: connections and threads, as a client and an operator notice them."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack

from tests.contract.client import Client
from tests.raw_client import RawConnection
from tests.service.conftest import Shared, gunicorn, service_process

PING = b"HEAD /__lbheartbeat__ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def dialled(client: Client) -> RawConnection:
    return RawConnection(client.base_url, timeout=20)


def test_pipelined_requests_get_responses_in_order(shared: Shared) -> None:
    _, client = shared
    bad = PING.replace(b"__lbheartbeat__", b"nowhere")
    with dialled(client) as connection:
        connection.send(PING + bad + PING)
        assert [connection.read_head().split()[1] for _ in range(3)] == [b"200", b"404", b"200"]


def test_idle_connections_hold_no_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="2") as client,
        ExitStack() as stack,
    ):
        connections = [stack.enter_context(dialled(client)) for _ in range(50)]
        for _ in range(2):
            for connection in connections:
                connection.send(PING)
                assert connection.read_head().startswith(b"HTTP/1.1 200 ")


def test_endless_head_frees_its_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
        dialled(client) as stuck,
    ):
        stuck.send(PING[:20])
        time.sleep(0.2)  # the only thread has it
        with dialled(client) as connection:
            connection.send(PING)
            assert connection.read_head().startswith(b"HTTP/1.1 200 ")
        assert stuck.is_closed()


def test_liveness_holds_while_only_thread_is_busy(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
        ExitStack() as stack,
    ):
        chunked = client.head_of("POST", "/picus/put", "Content-Type: application/json", "Transfer-Encoding: chunked")
        stack.enter_context(dialled(client)).send(chunked)
        time.sleep(0.5)
        # A request right behind a probe waits for the thread, and not in the probe's place.
        for behind in (b"", chunked, b""):
            connection = stack.enter_context(dialled(client))
            started = time.monotonic()
            connection.send(PING + behind)
            assert connection.read_head().startswith(b"HTTP/1.1 200 ")
            assert time.monotonic() - started < 4


def test_stopping_worker_finishes_and_closes(shared: Shared) -> None:
    with service_process(shared) as (process, client), dialled(client) as connection, dialled(client) as idle:
        for each in (connection, idle):
            each.send(PING)
            assert b"Connection: keep-alive" in each.read_head()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.send(PING)
        assert b"Connection: close" in connection.read_head()
        assert connection.is_closed()
        assert idle.is_closed()
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
