"""The memory of a service's processes."""

from pathlib import Path

from tests.contract.client import Client


def peak_megabytes(client: Client) -> float:
    """The most memory that any worker of this service had."""
    mark = f"PORT={client.host.rpartition(':')[2]}\0".encode()
    peaks = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                status = (process / "status").read_text()
                peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
        except OSError:
            continue
    return max(peaks)
