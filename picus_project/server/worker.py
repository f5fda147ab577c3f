"""A threaded gunicorn worker in which the thread that a request wakes also handles it.

gunicorn's gthread worker passes each request from its main loop to a thread pool and back, with a future, a pipe and
two changes of its selector. That costs a large part of what Django and the DynamoDB call cost together. Here all
threads wait on one epoll set. A connection is armed for one event (EPOLLONESHOT, epoll_ctl(2)). So exactly one thread
gets the event, handles the request if it is complete, and arms the connection again.

Requests that a thread has to read as they arrive (Completeness.STREAM) get at most half of the threads, so slow
clients can't block the others. The main thread accepts connections, sends the heartbeat to gunicorn's arbiter, and
closes idle connections. Linux only. The load balancer terminates TLS and HTTP/2.
"""

import errno
import os
import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

from gunicorn.workers import base

from picus_api.core.environment import body_seconds
from picus_project.server.connection import READ_SECONDS, ClientConnection
from picus_project.server.request_framing import Completeness
from picus_project.server.thread_limit import ThreadLimit

_ONE_EVENT = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
# A socket is nearly always writable, so this wakes a thread at once.
_WAKE_NOW = select.EPOLLOUT | _ONE_EVENT
_HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_TICK_MS = 1000
CLOSE_SECONDS = 2.0
"""How long a connection stays open for a client that does not close it after the last response."""
LINGER_SECONDS = 2.0
"""How long a stopping worker keeps idle connections, for a request that is under way."""


class EpollWorker(base.Worker):
    """Threads and connections. Only the thread that removed a connection from ``_idle`` may use the connection."""

    def init_process(self) -> None:
        """Set up the worker after the fork."""
        self._body_seconds = body_seconds()
        self._epoll = select.epoll()
        self._open: dict[int, ClientConnection] = {}
        self._idle: dict[int, ClientConnection] = {}
        self._slow_clients = ThreadLimit(max(1, self.cfg.threads // 2), self._wake_deferred)
        self._deferred: deque[ClientConnection] = deque()
        self._closing: deque[ClientConnection] = deque()
        super().init_process()

    def run(self) -> None:
        """Serve until a signal stops the worker or the arbiter is gone."""
        for number in range(self.cfg.threads):
            threading.Thread(target=self._run_thread, name=f"worker-{number}", daemon=True).start()
        listeners = {listener.fileno(): listener for listener in self.sockets}
        poller = self._main_poller(listeners)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            for fd, _ in poller.poll(_TICK_MS):
                if fd in listeners:
                    self._accept(listeners[fd])
                else:
                    os.read(fd, 4096)
            self._close_idle(time.monotonic())
            self._close_finished(time.monotonic())
            if len(self._open) - len(self._idle) - len(self._closing) >= self.cfg.threads:
                self._respond_to_probes()
        self._stop()

    def _main_poller(self, listeners: dict[int, socket.socket]) -> select.poll:
        poller = select.poll()
        # A signal writes into this pipe, which ends the poll.
        poller.register(self.PIPE[0], select.POLLIN)
        for fd, listener in listeners.items():
            listener.setblocking(False)
            poller.register(fd, select.POLLIN)
        return poller

    def _accept(self, listener: socket.socket) -> None:
        if self._is_full() and not self._close_longest_unused():
            time.sleep(0.01)  # new connections wait in the listener's queue
            return
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.05)  # the listener stays readable
            return  # also if another worker was faster, or the client is gone
        connection = ClientConnection(self.cfg, self.log, self._slow_clients, sock, client)
        self._open[connection.fd] = connection
        self._wait(connection, self._epoll.register)

    def _close_longest_unused(self) -> bool:
        unused = [connection for connection in list(self._idle.values()) if connection.request_started is None]
        longest = min(unused, key=lambda connection: connection.deadline, default=None)
        if longest is None or self._idle.pop(longest.fd, None) is None:
            return False
        self._close(longest)
        return True

    def _wait(self, connection: ClientConnection, arm: Any) -> None:
        """Wait for the client's next bytes without a thread."""
        self._make_idle(connection)
        arm(connection.fd, _ONE_EVENT)

    def _make_idle(self, connection: ClientConnection, pause: float = READ_SECONDS) -> None:
        now = time.monotonic()
        if connection.request_started is None:
            connection.deadline = now + self.cfg.keepalive
        else:
            connection.deadline = min(now + pause, connection.request_started + self._body_seconds)
        self._idle[connection.fd] = connection

    def _run_thread(self) -> None:
        while True:
            for fd, events in self._epoll.poll(None, 1):
                # None: the main thread has just closed the connection because it was idle for too long.
                if (connection := self._idle.pop(fd, None)) is not None:
                    self._serve(connection, hung_up=bool(events & _HUNG_UP))

    def _serve(self, connection: ClientConnection, *, hung_up: bool = False) -> None:
        """Handle the request if it is complete. Don't wait for more from a client that hung up."""
        try:
            found = connection.receive()
            if found is Completeness.PARTIAL and not hung_up:
                self._wait(connection, self._epoll.modify)
            elif found is Completeness.STREAM:
                self._respond_to_stream(connection)
            else:
                self._respond(connection)
        except BaseException:
            # The thread has to survive any exception.
            self.log.exception("unhandled exception")
            self._finish(connection)

    def _respond_to_stream(self, connection: ClientConnection) -> None:
        with self._slow_clients.try_acquire() as acquired:
            if acquired:
                self._respond(connection)
        if not acquired:
            self._defer(connection)

    def _respond(self, connection: ClientConnection) -> None:
        """Handle one request. The next one of the same connection waits for its turn among the others."""
        if connection.respond(self.wsgi, closing=not self.alive or self._is_full()):
            self._make_idle(connection)
            self._epoll.modify(connection.fd, _WAKE_NOW if connection.has_buffered_data else _ONE_EVENT)
        else:
            self._finish(connection)

    def _defer(self, connection: ClientConnection) -> None:
        """Keep the connection until one of the streamed requests has finished."""
        self._make_idle(connection, self._body_seconds)
        self._deferred.append(connection)
        # A place that became free meanwhile would wake nobody; releasing it here wakes the first deferred connection.
        with self._slow_clients.try_acquire():
            pass

    def _wake_deferred(self) -> None:
        """Wake a thread for the connection that has been deferred the longest."""
        while self._deferred:
            # Other threads wake connections, too, and the main thread closes some.
            with suppress(IndexError, OSError):
                connection = self._deferred.popleft()
                if self._idle.get(connection.fd) is connection:
                    self._epoll.modify(connection.fd, _WAKE_NOW)
                    return

    def _respond_to_probes(self) -> None:
        """Respond to liveness probes in the main thread while all threads are busy.

        Without a response the load balancer would replace a task that is only busy.
        """
        for fd, connection in list(self._idle.items()):
            if connection.has_liveness_probe() and self._idle.pop(fd, None) is not None:
                # Only the probe: bytes behind it may be any request, which needs a thread.
                connection.receive()
                self._respond(connection)

    def _is_full(self) -> bool:
        return len(self._open) >= int(self.cfg.worker_connections)

    def _finish(self, connection: ClientConnection) -> None:
        """Close the connection after its last response, once the client has received all of it."""
        connection.shut_down()
        if connection.is_closed_by_client():
            self._close(connection)
            return
        connection.deadline = time.monotonic() + CLOSE_SECONDS
        self._closing.append(connection)

    def _close_finished(self, now: float) -> None:
        for _ in range(len(self._closing)):
            connection = self._closing.popleft()
            if connection.is_closed_by_client() or connection.deadline < now:
                self._close(connection)
            else:
                self._closing.append(connection)

    def _close(self, connection: ClientConnection) -> None:
        del self._open[connection.fd]
        connection.close()

    def _close_idle(self, now: float, *, unused: bool = False) -> None:
        """Close connections past their deadline, and with ``unused`` all that have no request under way."""
        for fd, connection in list(self._idle.items()):
            over = connection.deadline < now or (unused and connection.request_started is None)
            if over and self._idle.pop(fd, None) is not None:
                connection.send_timeout()
                self._close(connection)

    def _stop(self) -> None:
        """Stop accepting, and finish the requests in progress or under way within the graceful timeout."""
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        while self._open and time.monotonic() < started + self.cfg.graceful_timeout:
            self.notify()
            now = time.monotonic()
            self._close_idle(now, unused=now > started + LINGER_SECONDS)
            self._close_finished(now)
            time.sleep(0.02)
