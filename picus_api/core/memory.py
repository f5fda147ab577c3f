"""A budget for the memory of large requests, shared by all threads of a worker.

A thread reserves memory before it builds many objects, and the server releases it when the thread leaves the request.
Other threads have no budget (those of commands, of the function, and those that only wait for DynamoDB).
"""

import threading
import time

from picus_api.core.errors import ServiceBusy

MAX_ITEM_MEMORY = 48 * 1024 * 1024
"""Memory that the largest item takes while it is handled. A larger reservation counts as one of this size."""


class _Thread(threading.local):
    uses_budget = False
    reserved = 0
    may_wait_until = 0.0


_thread = _Thread()
_changed = threading.Condition()
_budget = 0
_reserved = 0


def set_budget(size: int) -> None:
    """Let all threads that use the budget reserve at most ``size`` bytes together."""
    global _budget  # noqa: PLW0603 one budget for the process
    _budget = size


def use_budget() -> None:
    """Let this thread reserve what its requests need. It must call ``release`` after each request."""
    _thread.uses_budget = True


def let_wait(seconds: float) -> None:
    """Let this thread wait for memory, within its current request. Other threads get ServiceBusy at once."""
    _thread.may_wait_until = time.monotonic() + seconds


def reserve(size: int) -> None:
    """Make the reservation of this thread's request at least ``size`` bytes. Raises ServiceBusy."""
    global _reserved  # noqa: PLW0603
    more = min(size, MAX_ITEM_MEMORY) - _thread.reserved
    if more <= 0 or not _thread.uses_budget:
        return
    with _changed:
        wait = _thread.may_wait_until - time.monotonic()
        if not _changed.wait_for(lambda: _reserved + more <= _budget, max(0.0, wait)):
            raise ServiceBusy
        _reserved += more
    _thread.reserved += more


def is_reserved() -> bool:
    """Return True if any thread has reserved memory."""
    return _reserved > 0


def release() -> None:
    """Release what this thread has reserved."""
    global _reserved  # noqa: PLW0603
    _thread.may_wait_until = 0.0
    if _thread.reserved:
        with _changed:
            _reserved -= _thread.reserved
            _changed.notify_all()
        _thread.reserved = 0
