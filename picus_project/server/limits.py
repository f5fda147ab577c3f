"""Bounds on what clients can take of a worker. docs/limits.md gives the reasons.

Environment variables:
    BUSY_SECONDS           how long a request that takes much waits for its turn before it is refused (503); default 5
    MIN_BYTES_PER_SECOND   a client that sends or takes less is too slow and loses its connection; default 4096
"""

import ctypes
import gc
import resource
import sys
from collections.abc import Callable
from contextlib import suppress

from picus_api.core import environment

BUSY_SECONDS = environment.integer("BUSY_SECONDS", 5, minimum=1, maximum=60)
MIN_BYTES_PER_SECOND = environment.integer("MIN_BYTES_PER_SECOND", 4096, minimum=1, maximum=1_000_000)
GRACE_SECONDS = 10
"""How many seconds a client may be slower than MIN_BYTES_PER_SECOND."""

CONTENDED_BYTES_PER_SECOND = 128 * 1024
"""The lowest rate of a body that a thread reads while another request waits for that thread."""
CONTENDED_SECONDS = min(3.0, BUSY_SECONDS / 2)
"""How long that rate is measured each time. It is shorter than the wait of the other request."""

TRIM_SECONDS = 2.0
"""How often freed memory is returned to the system while requests take much of it."""
READ_SECONDS = 10
"""How long a client may pause within a request. (BODY_SECONDS limits the whole body.)"""
MAX_UNFINISHED_BYTES = 16 * 1024 * 1024
"""Memory of all requests that are arriving."""
MAX_UNSENT_BYTES = 16 * 1024 * 1024
"""Memory of all responses that clients have not taken yet."""
MEMORY_BUDGET = 56 * 1024 * 1024
"""Memory of all large requests that are being handled. One of them takes 48 MB at most (picus_api/core/memory.py)."""

SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps the interpreter while others wait for it, as long as lists or large bodies are
handled. Python's 5 ms would delay a request for one item by that much for each of them, whenever it waits. Among
requests for single items, which take less, shorter turns only cost time."""

# Connections to DynamoDB (64), the bodies of NDJSON on disk, logs, listeners, and a reserve.
_OTHER_DESCRIPTORS = 160
# From malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# Larger than what a page of a list takes, or each page would be mapped anew, which takes longer than to encode it.
_LARGE_BLOCK_BYTES = 2 * 1024 * 1024
_KEPT_BYTES = 16 * 1024 * 1024


def _from_glibc(name: str) -> Callable[..., object]:
    """Return a function of glibc, or one that does nothing with another C library."""
    with suppress(AttributeError, OSError):
        function: Callable[..., object] = getattr(ctypes.CDLL(None), name)
        return function
    return lambda *_: None


_mallopt, _malloc_trim = _from_glibc("mallopt"), _from_glibc("malloc_trim")
# Python 3.13 renamed it.
_clear_caches: Callable[[], None] = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache


def max_connections(configured: int) -> int:
    """Return how many connections a worker can have: fewer than ``configured`` if its descriptors would run out."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return configured
    return max(1, min(configured, descriptors - _OTHER_DESCRIPTORS))


def return_freed_memory() -> None:
    """Let glibc return large freed blocks to the system at once. Call this before the process has a second thread.

    glibc would keep them as soon as the first large block is freed, in an arena for each thread (mallopt(3)). One arena
    is enough for threads that share the interpreter. malloc_trim(3) shortens the first arena only.
    """
    _mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
    _mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    _mallopt(_M_ARENA_MAX, 1)


def trim_memory() -> None:
    """Free what only caches and reference cycles keep, and return unused pages to the system (malloc_trim(3)).

    Python's cache of attributes keeps up to 4,096 of their names, such as the results of ``"GET".lower()``. Each may be
    the last object in one of Python's blocks of 1 MB. A worker that has little to do collects no garbage.
    """
    _clear_caches()
    gc.collect()
    _malloc_trim(0)


def too_slow(count: int, seconds: float) -> bool:
    """Return True if a client that sent or took ``count`` bytes within ``seconds`` is slower than it may be."""
    return count < (seconds - GRACE_SECONDS) * MIN_BYTES_PER_SECOND
