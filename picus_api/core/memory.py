"""A budget for the memory of large requests, shared by all threads of a worker.

A thread reserves memory before it builds many objects, and the server releases it when the thread leaves the request.
Commands and the function have no budget: nothing is reserved there.
"""

import threading
import time

from picus_api.core.errors import ServiceBusy

MAX_ITEM_MEMORY = 48 * 1024 * 1024
"""Memory that the largest item takes while it is handled. A larger reservation counts as one of this size."""


class _Thread(threading.local):
    reserved = 0
    may_wait_until = 0.0


_thread = _Thread()
_changed = threading.Condition()
_budget: int | None = None
_reserved = 0


def set_budget(size: int | None) -> None:
    """Let all threads together reserve at most ``size`` bytes; None: any number."""
    global _budget  # noqa: PLW0603 one budget for the process
    _budget = size


def let_wait(seconds: float) -> None:
    """Let this thread wait for memory, within its current request. Other threads get ServiceBusy at once."""
    _thread.may_wait_until = time.monotonic() + seconds


def reserve(size: int) -> None:
    """Make the reservation of this thread's request at least ``size`` bytes. Raises ServiceBusy."""
    global _reserved  # noqa: PLW0603
    more = min(size, MAX_ITEM_MEMORY) - _thread.reserved
    if _budget is None or more <= 0:
        return
    budget = _budget
    with _changed:
        wait = _thread.may_wait_until - time.monotonic()
        if not _changed.wait_for(lambda: _reserved + more <= budget, max(0.0, wait)):
            raise ServiceBusy
        _reserved += more
    _thread.reserved += more


def release() -> None:
    """Release what this thread has reserved."""
    global _reserved  # noqa: PLW0603
    _thread.may_wait_until = 0.0
    if _thread.reserved:
        with _changed:
            _reserved -= _thread.reserved
            _changed.notify_all()
        _thread.reserved = 0
