"""The memory of a service's processes."""

from pathlib import Path

from tests.contract.client import Client
from tests.stack import listening


def peak_megabytes(client: Client) -> float:
    """Return the most memory that any process of this service had, in megabytes."""
    port = int(client.host.rpartition(":")[2])
    peaks = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if port in (number for _, number in listening(int(process.name))):
                status = (process / "status").read_text()
                peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
        except OSError:
            continue
    return max(peaks)
