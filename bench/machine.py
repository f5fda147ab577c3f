"""The machine: its cores, and what a process used of them."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[-1]
"""The contestant's worker runs here, alone."""
LOAD_CORE = CORES[0]
"""Clients, DynamoDB and the delaying proxy run here."""


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Processes started inside run on this core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pids: list[int]) -> float:
    """What these processes have used, all threads, user and system.

    The same as utime + stime of /proc/<pid>/stat, but in nanoseconds instead of ticks of 10 ms: the clock that
    clock_getcpuclockid(3) gives.
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory_mb(pid: int, field: str) -> float:
    """``VmRSS`` (resident now) or ``VmHWM`` (its peak) of /proc/<pid>/status, in MB of 1024 * 1024 bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status has no {field}")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def description() -> dict[str, str]:
    """What a reader must know of the machine to read the figures. No names."""
    cpus = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024**2
    return {
        "CPU": cpus[0] if cpus else platform.machine(),
        "cores": f"{len(CORES)}; core {SERVER_CORE} for the contestant, core {LOAD_CORE} for the rest",
        "memory": f"{memory} GB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
    }
