"""A threaded gunicorn worker without hand-overs: the thread that a request wakes also answers it.

gunicorn's own threaded worker passes each request from its main loop to a pool and back, by a future, a pipe and two
changes of its selector, which costs a large part of what Django and the call to DynamoDB cost together. Here all
threads wait on one epoll set, in which a connection is armed for one event (EPOLLONESHOT, epoll_ctl(2)): exactly one
thread gets it, answers what has come, and arms it again. The main thread accepts, tells the arbiter that it lives,
and closes what has been idle for too long. Linux only; TLS and HTTP/2 end at the load balancer.
"""

import os
import select
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers import base

from picus_project.connection import Connection

_ONE_EVENT = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
_TICK_MS = 1000
LINGER_SECONDS = 2.0
"""How long a stopping worker keeps idle connections, for a request that may be on its way."""


class Worker(base.Worker):
    """Threads and connections. Only a thread that took a connection out of ``_idle`` may use it."""

    def init_process(self) -> None:
        """After the fork."""
        self._epoll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._idle: dict[int, Connection] = {}
        super().init_process()

    def run(self) -> None:
        """Until a signal says stop or the arbiter is gone."""
        for number in range(self.cfg.threads):
            threading.Thread(target=self._work, name=f"worker-{number}", daemon=True).start()
        listeners = {listener.fileno(): listener for listener in self.sockets}
        poller = select.poll()
        # A signal writes into this pipe, so that it ends the waiting.
        poller.register(self.PIPE[0], select.POLLIN)
        for fd, listener in listeners.items():
            listener.setblocking(False)
            poller.register(fd, select.POLLIN)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            for fd, _ in poller.poll(_TICK_MS):
                if fd in listeners:
                    self._accept(listeners[fd])
                else:
                    os.read(fd, 4096)
            self._close_idle(time.monotonic())
            if len(self._open) - len(self._idle) >= self.cfg.threads:
                self._answer_probes()
        self._stop()

    def _accept(self, listener: socket.socket) -> None:
        if len(self._open) >= self.cfg.worker_connections:
            time.sleep(0.01)  # they wait in the listener's queue
            return
        try:
            sock, client = listener.accept()
        except OSError:
            return  # another worker was faster, or the client has gone
        connection = Connection(self.cfg, sock, client, listener.getsockname(), self.log)
        self._open[connection.fd] = connection
        self._wait(connection, self._epoll.register)

    def _wait(self, connection: Connection, arm: Any) -> None:
        """Leave it until something comes."""
        connection.deadline = time.monotonic() + self.cfg.keepalive
        self._idle[connection.fd] = connection
        arm(connection.fd, _ONE_EVENT)

    def _work(self) -> None:
        """A thread's life."""
        while True:
            for fd, _ in self._epoll.poll(None, 1):
                # None: it was closed for being idle at this very moment.
                if (connection := self._idle.pop(fd, None)) is not None:
                    self._answer(connection)

    def _answer(self, connection: Connection) -> None:
        try:
            if connection.answer(self.wsgi, closing=not self.alive or self._is_full()):
                self._wait(connection, self._epoll.modify)
                return
        except BaseException:
            # Whatever it was, this thread must go on.
            self.log.exception("unhandled")
        self._close(connection, graceful=True)

    def _answer_probes(self) -> None:
        """Asked whether the process lives, while every thread is busy: a load balancer must not take it for dead."""
        for fd, connection in list(self._idle.items()):
            if connection.is_probed() and self._idle.pop(fd, None) is not None:
                self._answer(connection)

    def _is_full(self) -> bool:
        return len(self._open) >= int(self.cfg.worker_connections)

    def _close(self, connection: Connection, graceful: bool = False) -> None:
        del self._open[connection.fd]
        with suppress(OSError):
            connection.close(graceful)

    def _close_idle(self, now: float) -> None:
        """Those that are idle past their deadline."""
        for fd, connection in list(self._idle.items()):
            if connection.deadline < now and self._idle.pop(fd, None) is not None:
                self._close(connection)

    def _stop(self) -> None:
        """Accept no more; answer what is in progress or on its way, within the graceful timeout."""
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        while self._open and time.monotonic() < started + self.cfg.graceful_timeout:
            self.notify()
            if time.monotonic() > started + LINGER_SECONDS:
                self._close_idle(float("inf"))
            time.sleep(0.02)
