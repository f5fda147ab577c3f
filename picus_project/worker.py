"""A threaded gunicorn worker without hand-overs: the thread that a request wakes also answers it.

gunicorn's own threaded worker passes each request from its main loop to a pool and back, by a future, a pipe and two
changes of its selector, which costs a large part of what Django and the call to DynamoDB cost together. Here all
threads wait on one epoll set, in which a connection is armed for one event (EPOLLONESHOT, epoll_ctl(2)): exactly one
thread gets it, answers the request if all of it has come, and arms it again. Requests that have to be read as they come
(arrival.py) get half of the threads at most: slow ones hold up others of their kind, and no one else. The main thread
accepts, tells the arbiter that it lives, and closes what has been idle for too long. Linux only; TLS and HTTP/2 end at
the load balancer.
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

from django.conf import settings
from gunicorn.workers import base

from picus_project.arrival import Arrival
from picus_project.connection import READ_SECONDS, Connection
from picus_project.slots import Slots

_ONE_EVENT = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
_TICK_MS = 1000
# Writable it is at once.
_NOW = select.EPOLLOUT | _ONE_EVENT
_HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
END_SECONDS = 2.0
"""How long a connection is kept whose client doesn't close it after the last answer."""
LINGER_SECONDS = 2.0
"""How long a stopping worker keeps idle connections, for a request that may be on its way."""


class Worker(base.Worker):
    """Threads and connections. Only a thread that took a connection out of ``_idle`` may use it."""

    def init_process(self) -> None:
        """After the fork."""
        self._epoll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._idle: dict[int, Connection] = {}
        self._slots = Slots(max(1, self.cfg.threads // 2), self._admit)
        self._deferred: deque[Connection] = deque()
        self._ending: deque[Connection] = deque()
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
            self._close_ended(time.monotonic())
            if len(self._open) - len(self._idle) - len(self._ending) >= self.cfg.threads:
                self._answer_probes()
        self._stop()

    def _accept(self, listener: socket.socket) -> None:
        if self._is_full() and not self._make_room():
            time.sleep(0.01)  # they wait in the listener's queue
            return
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.05)  # it stays readable
            return  # or another worker was faster, or the client has gone
        connection = Connection(self.cfg, self.log, self._slots, sock, client)
        self._open[connection.fd] = connection
        self._wait(connection, self._epoll.register)

    def _make_room(self) -> bool:
        """Close the connection that has been unused for the longest."""
        unused = [connection for connection in list(self._idle.values()) if connection.begun is None]
        longest = min(unused, key=lambda connection: connection.deadline, default=None)
        if longest is None or self._idle.pop(longest.fd, None) is None:
            return False
        self._close(longest)
        return True

    def _wait(self, connection: Connection, arm: Any) -> None:
        """Leave it until something comes."""
        self._leave(connection)
        arm(connection.fd, _ONE_EVENT)

    def _leave(self, connection: Connection, pause: float = READ_SECONDS) -> None:
        now = time.monotonic()
        if connection.begun is None:
            connection.deadline = now + self.cfg.keepalive
        else:
            connection.deadline = min(now + pause, connection.begun + settings.BODY_SECONDS)
        self._idle[connection.fd] = connection

    def _work(self) -> None:
        """A thread's life."""
        while True:
            for fd, events in self._epoll.poll(None, 1):
                # None: it was closed for being idle at this very moment.
                if (connection := self._idle.pop(fd, None)) is not None:
                    self._serve(connection, hung_up=bool(events & _HUNG_UP))

    def _serve(self, connection: Connection, *, hung_up: bool = False) -> None:
        """Answer what has come. A client that hung up sends no more: it is not waited for."""
        try:
            arrival = connection.arrival()
            if arrival is Arrival.PARTIAL and not hung_up:
                self._wait(connection, self._epoll.modify)
            elif arrival is Arrival.OPEN:
                with self._slots.taken() as taken:
                    if taken:
                        self._answer(connection)
                if not taken:
                    self._defer(connection)
            else:
                self._answer(connection)
        except BaseException:
            # Whatever it was, this thread must go on.
            self.log.exception("unhandled")
            self._end(connection)

    def _answer(self, connection: Connection) -> None:
        """Answer one request. What came right behind it waits for its turn among the others."""
        if connection.answer(self.wsgi, closing=not self.alive or self._is_full()):
            self._leave(connection)
            self._epoll.modify(connection.fd, _NOW if connection.has_more else _ONE_EVENT)
        else:
            self._end(connection)

    def _defer(self, connection: Connection) -> None:
        """Leave it until one of those that are read as they come is done."""
        self._leave(connection, settings.BODY_SECONDS)
        self._deferred.append(connection)
        with self._slots.taken():  # if there is one, it came free meanwhile, and going out of it admits
            pass

    def _admit(self) -> None:
        """Wake the one that has been deferred the longest."""
        while self._deferred:
            with suppress(IndexError, OSError):  # others admit, too, and the main thread closes
                connection = self._deferred.popleft()
                if self._idle.get(connection.fd) is connection:
                    self._epoll.modify(connection.fd, _NOW)
                    return

    def _answer_probes(self) -> None:
        """Asked whether the process lives, while every thread is busy: a load balancer must not take it for dead."""
        for fd, connection in list(self._idle.items()):
            if connection.is_probed() and self._idle.pop(fd, None) is not None:
                # That alone: what came with it may be anything, and is for a thread.
                connection.arrival()
                self._answer(connection)

    def _is_full(self) -> bool:
        return len(self._open) >= int(self.cfg.worker_connections)

    def _end(self, connection: Connection) -> None:
        """The answer was the last: close once the client has it all, which nobody waits for."""
        connection.end()
        if connection.has_ended():
            self._close(connection)
            return
        connection.deadline = time.monotonic() + END_SECONDS
        self._ending.append(connection)

    def _close_ended(self, now: float) -> None:
        for _ in range(len(self._ending)):
            connection = self._ending.popleft()
            if connection.has_ended() or connection.deadline < now:
                self._close(connection)
            else:
                self._ending.append(connection)

    def _close(self, connection: Connection) -> None:
        del self._open[connection.fd]
        connection.close()

    def _close_idle(self, now: float, *, unused: bool = False) -> None:
        """Those past their deadline, and all that are unused if they are to go."""
        for fd, connection in list(self._idle.items()):
            over = connection.deadline < now or (unused and connection.begun is None)
            if over and self._idle.pop(fd, None) is not None:
                connection.give_up()
                self._close(connection)

    def _stop(self) -> None:
        """Accept no more; answer what is in progress or on its way, within the graceful timeout."""
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        while self._open and time.monotonic() < started + self.cfg.graceful_timeout:
            self.notify()
            now = time.monotonic()
            self._close_idle(now, unused=now > started + LINGER_SECONDS)
            self._close_ended(now)
            time.sleep(0.02)
