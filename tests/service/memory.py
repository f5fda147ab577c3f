"""The memory of a service's processes."""

import resource
from pathlib import Path

from tests.contract.client import Client
from tests.stack import listening


def worker_pids(client: Client) -> list[int]:
    """Return the processes of this service: gunicorn's master first, then its workers."""
    port = int(client.host.rpartition(":")[2])
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if port in (number for _, number in listening(int(process.name))):
                found.append(int(process.name))
        except OSError:
            continue
    return sorted(found)


def megabytes(pid: int, field: str) -> float:
    """Return a size in the status of a process: VmRSS, VmHWM (the peak of VmRSS) or VmSize."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def peak_megabytes(client: Client) -> float:
    """Return the most memory that any worker of this service had, in megabytes."""
    return max(megabytes(pid, "VmHWM") for pid in worker_pids(client))


def limit_memory(pid: int, more: int) -> None:
    """Limit the address space of a process to its current size and ``more`` megabytes."""
    size = int(megabytes(pid, "VmSize") + more) * 1024 * 1024
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))
