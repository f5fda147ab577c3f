"""The machine: its cores, its processes, and the versions of the programs."""

import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build/bench"
ZAPPA = ROOT / ".venv-bench-zappa"
"""An environment as users of Zappa have it: Zappa and what the function imports, compiled at installation."""

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE = CORES[-1]
"""Only the contestant runs on this core."""
LOAD_CORE = CORES[0]
"""The load generator and DynamoDB run on this core."""

_VERSIONS = """
import importlib.metadata, platform, sys
versions = [f"{name} {importlib.metadata.version(name)}" for name in sys.argv[1:]]
print(", ".join([f"Python {platform.python_version()}", *versions]))
"""
_PICUS = ("django", "djangorestframework", "gunicorn", "pynamodb", "botocore")
_PEERS = ("flask", "boto3", "gunicorn", "starlette", "uvicorn", "uvloop", "httptools", "aiobotocore", "botocore")


class BenchError(Exception):
    """A measurement failed. The message says which contestant and why."""


@contextmanager
def pinned(*cores: int) -> Iterator[None]:
    """Pin this process and its child processes to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time that these processes have used: all threads, user and system.

    It equals utime + stime of /proc/<pid>/stat, in nanoseconds instead of ticks of 10 ms. The number of the clock is
    defined in clock_getcpuclockid(3).
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory_mb(pid: int, field: str) -> float:
    """Return ``VmRSS`` (resident) or ``VmHWM`` (peak) of /proc/<pid>/status, in MiB. Raises ValueError without it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status has no {field}")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Terminate the process. Kill it after 10 s."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(*command: str, folder: Path = ROOT, **settings: str) -> str:
    """Return what the command printed. Raises BenchError with its output if it fails."""
    # Not the flags of the make that started the benchmark.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    ran = subprocess.run(command, cwd=folder, env=env | settings, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BenchError(f"{' '.join(command)}: {ran.stdout}{ran.stderr}")
    return ran.stdout.strip()


def description() -> dict[str, str]:
    """Return the CPU, the system and the versions, for the report. Leave out host names."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    lock = json.loads((ROOT / "bench/package-lock.json").read_text())
    dynoxide = lock["packages"]["node_modules/@dynoxide/linux-x64"]["version"]
    return {
        "CPU": cpus[0].partition(":")[2].strip() if cpus else platform.machine(),
        "cores": f"{len(CORES)}; core {SERVER_CORE} for the contestant, core {LOAD_CORE} for everything else",
        "memory": f"{int(Path('/proc/meminfo').read_text().split()[1]) // 1024**2} GB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "Picus": _versions(ROOT / ".venv/bin/python", *_PICUS),
        "peers": _versions(Path(sys.executable), *_PEERS),
        "cold start": f"{_versions(Path(sys.executable), 'awslambdaric')}; {_versions(ZAPPA / 'bin/python', 'zappa')}",
        "local DynamoDB": f"dynoxide {dynoxide}, in memory",
    }


def _versions(python: Path, *names: str) -> str:
    return run(str(python), "-c", _VERSIONS, *names)
