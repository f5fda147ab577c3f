"""The pool: one connection per caller, bounded, last used first, never a dead one."""

import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from picus_api.core.dynamodb.dial import Address, open_connection
from picus_api.core.dynamodb.dynamodb_errors import NoResponse
from picus_api.core.dynamodb.http_connection import HttpConnection
from picus_api.core.dynamodb.http_parser import RequestNotSent
from picus_api.core.dynamodb.pool import ConnectionPool
from picus_api.core.dynamodb.retry import Limits
from tests.faulty import FaultyProxy
from tests.http_server import Request, Server, dynamodb_response, replies, until
from tests.service.dynamodb.conftest import QUICK, Make

ECHO = replies(dynamodb_response(200, b"{}"))


def soon() -> float:
    return time.monotonic() + 5


def pool_for(server: Server, size: int) -> ConnectionPool:
    address = Address("127.0.0.1", server.port, None, 1.0, 1.0)
    return ConnectionPool(lambda deadline: open_connection(address, deadline), size)


def use(pool: ConnectionPool) -> HttpConnection:
    connection = pool.take(soon())
    connection.exchange(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", soon())
    pool.give_back(connection)
    return connection


def test_the_last_used_connection_is_used_next() -> None:
    with Server(ECHO) as server:
        pool = pool_for(server, 3)
        first, second, third = (pool.take(soon()) for _ in range(3))
        for connection in (first, third, second):
            pool.give_back(connection)
        assert [pool.take(soon()) for _ in range(3)] == [second, third, first]
        until(lambda: server.connections == 3)
        for connection in (first, second, third):
            connection.close()


def test_pool_never_exceeds_its_size() -> None:
    with Server(ECHO) as server:
        pool = pool_for(server, 2)
        taken = [pool.take(soon()), pool.take(soon())]
        with pytest.raises(RequestNotSent, match="all 2 connections are busy"):
            pool.take(time.monotonic() + 0.05)
        threading.Timer(0.05, pool.give_back, (taken[0],)).start()
        assert pool.take(soon()) is taken[0]
        taken[0].close()
        pool.give_back(taken[0])
        replacement = pool.take(soon())  # a closed one leaves its place
        assert replacement not in taken
        for connection in (replacement, taken[1]):
            connection.close()


def test_a_failure_to_connect_gives_the_place_back() -> None:
    with Server(ECHO) as server:
        port = server.port
    pool = ConnectionPool(lambda deadline: open_connection(Address("127.0.0.1", port, None, 1.0, 1.0), deadline), 1)
    for _ in range(3):
        with pytest.raises(RequestNotSent, match="refused"):
            pool.take(soon())


def test_closed_connections_are_replaced() -> None:
    with Server(ECHO) as server:
        pool = pool_for(server, 4)
        dead = use(pool)
        server.drop_connections()
        until(lambda: not dead.is_alive())
        assert use(pool) is not dead
        assert server.connections == 2
        pool.close()


@pytest.mark.parametrize("idle", [3600, -3600])
def test_connection_idle_for_long_is_not_used(idle: int) -> None:
    with Server(ECHO) as server:
        pool = pool_for(server, 1)
        old = use(pool)
        old.last_used -= idle
        assert use(pool) is not old
        pool.close()


def test_many_threads_never_share_a_connection() -> None:
    """Each request and each response names the thread that sent the request."""

    def script(connection: socket.socket, request: Request) -> bool:
        connection.sendall(dynamodb_response(200, request.body))
        return True

    with Server(script) as server:
        pool = pool_for(server, 5)
        users: Counter[int] = Counter()
        lock = threading.Lock()

        def ask(number: int) -> bool:
            for turn in range(40):
                body = b"%d-%d" % (number, turn)
                connection = pool.take(soon())
                with lock:
                    users[id(connection)] += 1
                    assert users[id(connection)] == 1
                head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
                assert connection.exchange(head + body, soon()).body == body
                with lock:
                    users[id(connection)] -= 1
                pool.give_back(connection)
            return True

        with ThreadPoolExecutor(16) as threads:
            assert all(threads.map(ask, range(16)))
        assert server.connections <= 5
        pool.close()


def test_more_threads_than_connections_all_get_their_turn(dynamodb_url: str, make_transport: Make) -> None:
    with FaultyProxy(dynamodb_url) as proxy:
        transport = make_transport(proxy.url, size=2)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: transport.call("ListTables", {}), range(80)))
        assert proxy.connections == 2


FORKING = """
import os, sys
from picus_api.core.dynamodb.transport import create_transport

transport = create_transport(sys.argv[1])
transport.call("ListTables", {})
child = os.fork()
for _ in range(5):
    transport.call("PutItem" if child else "GetItem", {})
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
transport.call("Scan", {})
"""


def test_a_forked_process_has_connections_of_its_own() -> None:
    """Parent and child process use the pool at the same time, on different connections."""
    with Server(ECHO) as server:
        root = Path(__file__).parents[3]
        subprocess.run([sys.executable, "-c", FORKING, server.url], check=True, timeout=120, cwd=root)
        used = {request.operation: set[int]() for request in server.requests}
        for request in server.requests:
            used[request.operation].add(request.connection)
        assert used == {"ListTables": {1}, "PutItem": {1}, "Scan": {1}, "GetItem": {2}}
        assert len(server.requests) == 12


def test_reset_after_fork_opens_new_connections(make_transport: Make) -> None:
    """Call what the hook after a fork calls, without the fork."""
    with Server(ECHO) as server:
        transport = make_transport(server.url)
        transport.call("GetItem", {})
        transport.reset_after_fork()
        transport.call("GetItem", {})
        assert server.connections == 2


def test_close_leaves_connections_in_use() -> None:
    with Server(ECHO) as server:
        pool = pool_for(server, 2)
        idle, used = pool.take(soon()), pool.take(soon())
        pool.give_back(idle)
        pool.close()
        assert not idle.reusable
        assert used.reusable
        pool.give_back(used)
        assert pool.take(soon()) is used
        pool.take(soon()).close()
        pool.close()
        used.close()


def test_call_past_deadline_does_not_connect() -> None:
    with Server(ECHO) as server:
        address = Address("127.0.0.1", server.port, None, 1.0, 1.0)
        with pytest.raises(RequestNotSent, match="timed out"):
            open_connection(address, time.monotonic())


def test_a_warm_connection_is_open_before_the_first_call(make_transport: Make) -> None:
    with Server(ECHO) as server:
        transport = make_transport(server.url)
        assert transport.connect()
        until(lambda: server.connections == 1)
        transport.call("ListTables", {})
        assert server.connections == 1


def test_connect_never_raises(make_transport: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(ECHO) as server:
        url = server.url
    assert not make_transport(url).connect()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert not make_transport(url).connect()


def test_silent_server_is_given_up_at_timeout(make_transport: Make) -> None:
    """A listener whose queue is full: connecting stalls, as with a host behind a firewall."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        limits = Limits(connect_timeout=0.2, read_timeout=0.2, attempts=3, deadline=5.0, base_delay=0.001)
        started = time.monotonic()
        with pytest.raises(NoResponse, match="timed out") as failure:
            make_transport(f"http://127.0.0.1:{port}", limits=limits).call("GetItem", {})
        assert 0.5 < time.monotonic() - started < 4.5
        assert (failure.value.attempts, failure.value.response_lost) == (3, False)
        for filler in fillers:
            filler.close()


def test_unknown_host_is_no_response(make_transport: Make) -> None:
    with pytest.raises(NoResponse) as failure:
        make_transport("http://no-such-host.invalid", limits=QUICK._replace(attempts=2)).call("GetItem", {})
    assert not failure.value.response_lost
