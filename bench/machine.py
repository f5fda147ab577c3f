"""The machine: its cores, its processes, and the versions of the programs."""

import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build/bench"
ZAPPA = ROOT / ".venv-bench-zappa"
"""An environment as users of Zappa have it: Zappa and what the function imports, compiled at installation."""

ALLOWED_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
LOAD_CORE, SERVER_CORE = ALLOWED_CORES[0], ALLOWED_CORES[-1]
"""The load generator and DynamoDB run on the first, only the contestant on the last."""


class BenchError(Exception):
    """A measurement failed. The message says which contestant and why."""


@contextmanager
def pinned(*cores: int) -> Iterator[None]:
    """Pin this process, and its new child processes, to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def start(
    command: list[str], log: Path, cores: Iterable[int] = (), folder: Path = ROOT, env: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a program, on these cores if any, with its output in the log."""
    with log.open("wb") as output, pinned(*cores) if cores else nullcontext():
        return subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output)


def output_of(*command: str, folder: Path = ROOT, **settings: str) -> str:
    """Return what the command printed. Raises BenchError with its output if it fails."""
    # The flags of the make that started the benchmark would change a make that it runs.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    ran = subprocess.run(command, cwd=folder, env=env | settings, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BenchError(f"{' '.join(command)}: {ran.stdout}{ran.stderr}")
    return ran.stdout.strip()


def cpu_seconds(pids: list[int]) -> float:
    """Return the CPU time that these processes have used: all threads, user and system.

    It equals utime + stime of /proc/<pid>/stat, in nanoseconds instead of ticks of 10 ms. The number of the clock is
    defined in clock_getcpuclockid(3).
    """
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory_mib(pid: int, field: str) -> float:
    """Return ``VmRSS`` (resident) or ``VmHWM`` (peak) of /proc/<pid>/status, in MiB; 0 for a zombie."""
    found = re.search(rf"^{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def description() -> dict[str, str]:
    """Return the CPU, the system and the versions, for the report. Leave out host names."""
    model = re.search(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    lock = json.loads((ROOT / "bench/package-lock.json").read_text())
    peers = "flask boto3 gunicorn starlette uvicorn uvloop httptools aiobotocore botocore awslambdaric"
    return {
        "CPU": model[1] if model else platform.machine(),
        "cores": f"{len(ALLOWED_CORES)}; core {SERVER_CORE} for the contestant, core {LOAD_CORE} for everything else",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 1024**3} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "Python": platform.python_version(),
        "Picus": _versions(ROOT / ".venv", "django djangorestframework gunicorn pynamodb botocore orjson"),
        "peers": f"{_versions(ROOT / '.venv-bench', peers)}, {_versions(ZAPPA, 'zappa')}",
        "local DynamoDB": f"dynoxide {lock['packages']['node_modules/@dynoxide/linux-x64']['version']}, in memory",
    }


def _versions(virtualenv: Path, names: str) -> str:
    folders = map(str, virtualenv.glob("lib/python3*/site-packages"))
    found = {each.name.lower(): each.version for each in distributions(path=list(folders))}
    return ", ".join(f"{name} {found[name]}" for name in names.split())
