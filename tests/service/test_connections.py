"""Connections and threads of the worker, seen from outside: keep-alive, pipelining, probes, stopping."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack

from tests.service.conftest import Shared, gunicorn, service_process
from tests.service.raw_socket import PROBE, open_socket, read_head


def test_pipelined_requests_get_responses_in_order(shared: Shared) -> None:
    _, client = shared
    bad = PROBE.replace(b"__lbheartbeat__", b"nowhere")
    with open_socket(client) as sock:
        sock.sendall(PROBE + bad + PROBE)
        assert [read_head(sock).split()[1] for _ in range(3)] == [b"200", b"404", b"200"]


def test_idle_connections_use_no_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="2") as client,
        ExitStack() as stack,
    ):
        connections = [stack.enter_context(open_socket(client)) for _ in range(50)]
        for _ in range(2):
            for sock in connections:
                sock.sendall(PROBE)
                assert read_head(sock).startswith(b"HTTP/1.1 200 ")


def test_an_incomplete_head_uses_no_thread(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
        open_socket(client) as stuck,
    ):
        stuck.sendall(PROBE[:20])
        time.sleep(0.2)  # the worker has received it
        with open_socket(client) as sock:
            sock.sendall(PROBE)
            assert read_head(sock).startswith(b"HTTP/1.1 200 ")
        assert stuck.recv(1) == b""


def test_probes_get_responses_while_all_threads_are_busy(shared: Shared) -> None:
    table, _ = shared
    url = table.meta.client.meta.endpoint_url
    with (
        gunicorn(DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url, WEB_THREADS="1") as client,
        ExitStack() as stack,
    ):
        chunked = client.head_of("POST", "/picus/put", "Content-Type: application/json", "Transfer-Encoding: chunked")
        stack.enter_context(open_socket(client)).sendall(chunked)
        time.sleep(0.5)
        # A request right behind a probe waits for a thread; the probe does not.
        for behind in (b"", chunked, b""):
            sock = stack.enter_context(open_socket(client))
            started = time.monotonic()
            sock.sendall(PROBE + behind)
            assert read_head(sock).startswith(b"HTTP/1.1 200 ")
            assert time.monotonic() - started < 8


def test_a_stopping_worker_finishes_requests_under_way(shared: Shared) -> None:
    with service_process(shared) as (process, client), open_socket(client) as sock, open_socket(client) as idle:
        for each in (sock, idle):
            each.sendall(PROBE)
            assert b"Connection: keep-alive" in read_head(each)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        sock.sendall(PROBE)
        assert b"Connection: close" in read_head(sock)
        assert sock.recv(1) == b""
        assert idle.recv(1) == b""
        assert process.wait(timeout=60) == 0


def test_a_worker_ends_when_its_arbiter_is_killed(shared: Shared) -> None:
    with service_process(shared) as (process, _):
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
        )
        worker = int(listed.stdout)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 120
        while os.path.exists(f"/proc/{worker}/exe"):  # noqa: PTH110 Path.exists raises if the process ends meanwhile
            assert time.monotonic() < deadline, "the worker still runs"
            time.sleep(0.05)
