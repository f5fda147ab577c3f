"""The container's setting of the C library: no thread keeps freed memory."""

import os
import subprocess
import sys

from tests.soak.hosts import allocator

# Each thread allocates blocks of each size that glibc would keep for it, frees them, and stays.
PROGRAM = """
import ctypes, os, threading

class MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("a", "b", "c", "d", "e", "f", "g", "used", "free", "h")]

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.mallinfo2.restype = MallInfo
freed, ended = threading.Barrier(9), threading.Event()

def work():
    blocks = [libc.malloc(size) for size in range(24, 1033, 16) for _ in range(7)]
    for block in blocks:
        libc.free(block)
    freed.wait()
    ended.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
before = libc.mallinfo2().used
for thread in threads:
    thread.start()
freed.wait()
print(libc.mallinfo2().used - before)
ended.set()
"""
EIGHT_THREADS_KEEP = 1_000_000


def kept_bytes(**environment: str) -> int:
    """Return how many freed bytes the threads of a new process keep."""
    command = [sys.executable, "-c", PROGRAM]
    inherited = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    found = subprocess.run(command, env=inherited | environment, check=True, capture_output=True, timeout=60)
    return int(found.stdout)


def test_threads_of_the_container_keep_no_freed_memory() -> None:
    assert kept_bytes() > EIGHT_THREADS_KEEP  # or the setting has become needless
    assert kept_bytes(**allocator()) < EIGHT_THREADS_KEEP / 4
