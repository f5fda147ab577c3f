"""Run all of Picus as `make run` does: `manage.py serve` as a process, with an empty data folder."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.dynamodb import ROOT, free_port

WITH_TOKEN = bool(os.environ.get("PICUS_WITH_TOKEN"))
"""Whether the contract suite runs against a service that refuses requests without a token."""
ANONYMOUS_SCOPES = "none" if WITH_TOKEN else "read,write,delete"
TOKEN_FOR_ALL = ("create_token", "--label=contract", "--scopes=read,write,delete")
"""The command that makes a token for the contract suite."""
START_SECONDS = 120.0
STOP_SECONDS = 60.0


@dataclass
class Stack:
    """A running `manage.py serve` and its output so far."""

    port: str
    data_dir: Path
    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._announced = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.append(line)
                if f"Picus serves {self.url}" in line:
                    self._announced.set()
        self._announced.set()  # or it has ended

    def wait_until_announced(self) -> None:
        """Return when the address is printed. Fails with the output if the stack ends before."""
        assert self._announced.wait(START_SECONDS), f"not up after {START_SECONDS} s:\n{self.output}"
        assert f"Picus serves {self.url}" in self.output, f"it did not start:\n{self.output}"

    def wait(self) -> int:
        """Return the exit status, after the end of the process and its output."""
        status = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.wait()


def clean_environment(**environment: str) -> dict[str, str]:
    """Return the caller's environment without any variable that configures a stack, and with these variables."""
    settings = ("DYNAMODB_", "AWS_", "PICUS_", "WEB_", "LOG_")
    stack = ("PORT", "BIND_HOST", "SERVICE_ADDRESS", "LOCAL_DATA_DIR", "EDGE_TEMPLATE")
    names = (*stack, "ALLOWED_HOSTS", "ANONYMOUS_SCOPES", "SECURE_COOKIES", "MAX_BODY_BYTES", "DEBUG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings) and name not in names}
    return kept | environment


@contextmanager
def launched(data_dir: Path, **environment: str) -> Iterator[Stack]:
    """Launch a stack without waiting for its announcement; stop it when the block ends."""
    port = environment.setdefault("PORT", str(free_port()))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=clean_environment(LOCAL_DATA_DIR=str(data_dir), **environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    stack = Stack(port, data_dir, process)
    try:
        yield stack
    finally:
        if process.poll() is None:
            stack.stop()


@contextmanager
def running_stack(**environment: str) -> Iterator[str]:
    """Run a stack with these variables; yield its address, and check that it stops cleanly."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder), **environment) as stack:
        stack.wait_until_announced()
        yield stack.url
        assert stack.stop() == 0, stack.output


@contextmanager
def closed_stack() -> Iterator[tuple[str, str]]:
    """Run a stack where every request needs a token; yield its address, and a token that may do everything."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder), ANONYMOUS_SCOPES="none") as stack:
        stack.wait_until_announced()
        command = [sys.executable, "manage.py", *TOKEN_FOR_ALL]
        environment = clean_environment(LOCAL_DATA_DIR=folder)
        made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        yield stack.url, made.stdout.strip()
        assert stack.stop() == 0, stack.output


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on, empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def alive(pid: int) -> bool:
    """Return True if the process runs; a zombie does not."""
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def children(pid: int) -> dict[int, str]:
    """Return the children of a process: pid -> command line."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    ours = [other for other in pids if _stat(other)[1:2] == [str(pid)] and alive(other)]
    return {other: Path(f"/proc/{other}/cmdline").read_text().replace("\0", " ") for other in ours}


def listening(pid: int) -> list[tuple[str, int]]:
    """Return the addresses, as /proc writes them, and the ports that a process listens on."""
    inodes = {name[8:-1] for name in map(_link, Path(f"/proc/{pid}/fd").iterdir()) if name.startswith("socket:[")}
    rows = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    found = {row[1] for row in rows if row[3] == "0A" and row[9] in inodes}
    return [(address, int(port, 16)) for address, _, port in (name.partition(":") for name in found)]


def _link(entry: Path) -> str:
    """Return what an open file of a process is, empty if it has been closed meanwhile."""
    try:
        return str(entry.readlink())
    except FileNotFoundError:
        return ""


def wait_until_gone(pids: list[int], seconds: float = 60.0) -> None:
    """Wait until none of the processes runs."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.02)
