"""A threaded gunicorn worker in which the thread that a request wakes also handles it.

gunicorn's gthread worker passes each request from its main loop to a thread pool and back, with a future, a pipe and
two changes of its selector. That costs a large part of what Django and the DynamoDB call cost together. Here all
threads wait on one epoll set. A connection is armed for one event (EPOLLONESHOT, epoll_ctl(2)). So exactly one thread
gets the event, handles the request if it is complete, and arms the connection again.

No thread waits for a client, with one exception: requests that a thread has to read as they arrive
(Completeness.STREAM). These and other requests that may take long get at most half of the threads. The main thread
accepts connections, sends the heartbeat to gunicorn's arbiter, and closes idle connections. Linux only. The load
balancer terminates TLS and HTTP/2. limits.py and docs/limits.md list the bounds.
"""

import errno
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from gunicorn.workers import base

from picus_api.core import memory
from picus_api.core.environment import body_seconds
from picus_project.server import limits
from picus_project.server.connection import ClientConnection
from picus_project.server.connections import Connections
from picus_project.server.lane import Lane
from picus_project.server.request_framing import SMALL_BYTES, Completeness
from picus_project.server.responder import Outcome

_ONE_EVENT = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT
# A socket is nearly always writable, so this wakes a thread at once.
_WAKE_NOW = select.EPOLLOUT | _ONE_EVENT
_WRITABLE = select.EPOLLOUT | select.EPOLLONESHOT
_HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_TICK_SECONDS = 0.1
"""How often the main thread looks at all connections. More often would take much of its time."""
_ACCEPTED_AT_ONCE = 32
_PROBED_AT_ONCE = 64
LINGER_SECONDS = 2.0
"""How long a stopping worker keeps idle connections, for a request that is under way."""
_TURN_SECONDS = 60
"""How long a response that has started may wait for its turn to go on."""


class EpollWorker(base.Worker):
    """Threads and their connections."""

    def init_process(self) -> None:
        """Set up the worker after the fork."""
        self._body_seconds = body_seconds()
        self._epoll = select.epoll()
        self._connections = Connections(limits.max_connections(int(self.cfg.worker_connections)))
        self._idle = self._connections.idle
        half = max(1, self.cfg.threads // 2)
        # Clients decide how long a streamed request takes, so these leave places to lists and to bodies that are there.
        streams = max(1, half // 3)
        self._lane = Lane(max(1, half - streams))
        self._streams = Lane(streams) if half > 1 else self._lane
        memory.set_budget(limits.MEMORY_BUDGET)
        self._usual_switch_seconds = sys.getswitchinterval()
        self._next_tick = self._next_trim = 0.0
        self._took_much = False
        super().init_process()

    def run(self) -> None:
        """Serve until a signal stops the worker or the arbiter is gone."""
        for number in range(self.cfg.threads):
            threading.Thread(target=self._run_thread, name=f"worker-{number}", daemon=True).start()
        listeners = {listener.fileno(): listener for listener in self.sockets}
        poller = self._main_poller(listeners)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            for fd, _ in poller.poll(_TICK_SECONDS * 1000):
                if fd in listeners:
                    self._accept(listeners[fd])
                else:
                    os.read(fd, 4096)
            now = time.monotonic()
            if now >= self._next_tick:
                self._next_tick = now + _TICK_SECONDS
                self._tick(now)
        self._stop()

    def _tick(self, now: float) -> None:
        if self._lane.is_unused and self._streams.is_unused:
            sys.setswitchinterval(self._usual_switch_seconds)
        if self._took_much and now >= self._next_trim and not memory.is_reserved():
            self._took_much, self._next_trim = False, now + limits.TRIM_SECONDS
            limits.trim_memory()
        self._connections.close_idle(now)
        self._connections.close_finished(now)
        self._use_free_place(self._lane)
        self._use_free_place(self._streams)
        if self._connections.in_use >= self.cfg.threads:
            self._respond_to_probes()

    def _main_poller(self, listeners: dict[int, socket.socket]) -> select.poll:
        poller = select.poll()
        # A signal writes into this pipe, which ends the poll.
        poller.register(self.PIPE[0], select.POLLIN)
        for fd, listener in listeners.items():
            listener.setblocking(False)
            poller.register(fd, select.POLLIN)
        return poller

    def _accept(self, listener: socket.socket) -> None:
        """Accept the connections that wait, but not so many that other duties of the main thread wait for long."""
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, client = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE) and not self._connections.make_room():
                    time.sleep(0.05)  # the listener stays readable
                return  # also if another worker was faster, or the client is gone
            connection = ClientConnection(self.cfg, self.log, sock, client)
            connection.cut_slow_body_if(self._claim_for_waiting_stream)
            self._connections.add(connection)
            if self._connections.is_over_full:
                self._connections.make_room()
            self._wait(connection, self._epoll.register)

    def _wait(self, connection: ClientConnection, arm: Callable[[int, int], None]) -> None:
        """Wait for the client's next bytes without a thread. ``arm``: a method of the epoll set."""
        self._make_idle(connection)
        self._arm(connection, _ONE_EVENT, arm)
        if connection.received > SMALL_BYTES // 4:
            self._connections.limit_unfinished()

    def _wait_for_reader(self, connection: ClientConnection) -> None:
        """Wait without a thread until the client has taken some of the response."""
        connection.deadline = connection.responder.send_by
        self._connections.make_idle(connection)
        self._arm(connection, _WRITABLE)
        self._connections.limit_unsent()

    def _arm(self, connection: ClientConnection, events: int, arm: Callable[[int, int], None] | None = None) -> None:
        """Wait for one event of an idle connection. From here on it may be closed to make room."""
        try:
            (arm or self._epoll.modify)(connection.fd, events)
            connection.is_armed = True
        except OSError:
            pass  # it has been closed

    def _make_idle(self, connection: ClientConnection) -> None:
        now = time.monotonic()
        if connection.request_started is None:
            connection.deadline = now + self.cfg.keepalive
        else:
            connection.deadline = min(now + limits.READ_SECONDS, connection.request_started + self._body_seconds)
        self._connections.make_idle(connection)

    def _run_thread(self) -> None:
        memory.use_budget()
        while True:
            for fd, events in self._epoll.poll(None, 1):
                # None: the main thread has just closed the connection because it was idle for too long.
                if (connection := self._idle.pop(fd, None)) is not None:
                    self._serve(connection, hung_up=bool(events & _HUNG_UP))
                # Its objects would keep memory until the thread's next request: see docs/limits.md, Memory.
                del connection

    def _serve(self, connection: ClientConnection, *, hung_up: bool = False) -> None:
        """Handle the request if it is complete. Don't wait for more from a client that hung up."""
        try:
            if connection.responder.is_sending and not connection.responder.flush():
                self._wait_for_reader(connection)
                return
            found = Completeness.COMPLETE if connection.responder.is_sending else connection.receive()
            if found is Completeness.PARTIAL and not hung_up:
                self._wait(connection, self._epoll.modify)
            elif found is Completeness.COMPLETE and not connection.takes_much:
                self._respond(connection)
            else:
                self._respond_in_turn(connection, self._streams if found is Completeness.STREAM else self._lane)
        except BaseException:
            # The thread has to survive any exception.
            self.log.exception("unhandled exception")
            self._connections.finish(connection)

    def _respond_in_turn(self, connection: ClientConnection, lane: Lane) -> None:
        """Handle a request that may take much, as soon as its lane has a place."""
        with lane.try_acquire() as acquired:
            if acquired:
                sys.setswitchinterval(limits.SWITCH_SECONDS)
                memory.let_wait(limits.BUSY_SECONDS)
                self._respond(connection)
                self._took_much = True
        if acquired:
            self._wake_next(lane)
        else:
            self._defer(connection, lane)

    def _respond(self, connection: ClientConnection) -> None:
        """Handle one request. The next one of the same connection waits for its turn among the others."""
        try:
            outcome = connection.respond(self.wsgi, closing=not self.alive)
        finally:
            memory.release()
        if outcome is Outcome.DONE:
            self._make_idle(connection)
            self._arm(connection, _next_event(connection))
        elif outcome is Outcome.UNSENT:
            self._wait_for_reader(connection)
        else:
            self._connections.finish(connection)

    def _defer(self, connection: ClientConnection, lane: Lane) -> None:
        """Keep the connection until the lane has a place, but not for long if its response has not started."""
        waited = connection.turn_deadline is not None
        now = time.monotonic()
        if connection.responder.is_sending:
            connection.turn_deadline = now + _TURN_SECONDS
        elif connection.turn_deadline is None:
            connection.turn_deadline = now + limits.BUSY_SECONDS
            connection.request_started = connection.request_started or now
        connection.deadline = connection.turn_deadline
        connection.has_claim = False
        self._connections.make_idle(connection)
        lane.wait(connection, first=waited)
        connection.is_armed = True
        self._use_free_place(lane)

    def _use_free_place(self, lane: Lane) -> None:
        """Wake a connection that waits although the lane has a place: the place became free at the wrong moment."""
        with lane.try_acquire() as acquired:
            pass
        if acquired:
            self._wake_next(lane)

    def _claim_for_waiting_stream(self) -> bool:
        """Return True if a request that a thread has to read waits, and no other body was cut for it yet."""
        for each in self._streams.waiting():
            if self._idle.get(each.fd) is each and not each.has_claim:
                each.has_claim = True
                return True
        return False

    def _wake_next(self, lane: Lane) -> None:
        """Wake a thread for the connection that has waited for the lane the longest."""
        while (connection := lane.next()) is not None:
            # The main thread closes some, and after an exception the same one may wait twice.
            with suppress(OSError):
                if self._idle.get(connection.fd) is connection:
                    self._epoll.modify(connection.fd, _WAKE_NOW)
                    return

    def _respond_to_probes(self) -> None:
        """Respond to liveness probes in the main thread while all threads are busy.

        Without a response the load balancer would replace a task that is only busy.
        """
        for fd, _ in self._epoll.poll(0, _PROBED_AT_ONCE):
            if (connection := self._idle.pop(fd, None)) is None:
                continue
            if connection.has_liveness_probe():
                # Only the probe: bytes behind it may be any request, which needs a thread.
                connection.receive()
                self._respond(connection)
            else:
                self._connections.make_idle(connection)
                self._arm(connection, _next_event(connection))

    def _stop(self) -> None:
        """Stop accepting, and finish the requests in progress or under way within the graceful timeout."""
        for listener in self.sockets:
            listener.close()
        started = time.monotonic()
        while self._connections and time.monotonic() < started + self.cfg.graceful_timeout:
            self.notify()
            now = time.monotonic()
            self._connections.close_idle(now, unused=now > started + LINGER_SECONDS)
            self._connections.close_finished(now)
            time.sleep(0.02)


def _next_event(connection: ClientConnection) -> int:
    """Return the event of an idle connection that a thread should handle."""
    if connection.responder.is_sending:
        return _WRITABLE
    return _WAKE_NOW if connection.has_buffered_data else _ONE_EVENT
