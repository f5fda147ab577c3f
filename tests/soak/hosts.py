"""The programs of a soak: DynamoDB, two hosts of the service on one table, and the delete function."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.dynamodb import CREDENTIALS, ROOT, free_port, ministack, running, wait_for
from tests.stack import children

DYNOXIDE = ROOT / "bench/node_modules/@dynoxide/linux-x64/dynoxide"
STAGE, API_KEY, TABLE = "local", "soak-key", "soak"
STOP_SECONDS = 75
"""More than gunicorn's graceful_timeout."""


@contextmanager
def dynamodb() -> Iterator[str]:
    """Run dynoxide, on a disk, if `make soak` or `make bench` installed it, else ministack; give its address."""
    if not DYNOXIDE.exists():
        with ministack() as url:
            yield url
        return
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with TemporaryDirectory() as folder:
        command = [str(DYNOXIDE), "--port", str(port), "--db-path", str(Path(folder) / "items.db")]
        with running(command, url):
            yield url


class Service:
    """One host: gunicorn with its own configuration and one worker."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._environment = _environment(
            PORT=str(self.port),
            ALLOWED_HOSTS="127.0.0.1",
            LOG_FORMAT="json",
            LOG_LEVEL="ERROR",
            **allocator(),
            **environment,
        )
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        wait_for(f"{self.url}/__lbheartbeat__", process, 60)
        return process

    @property
    def worker(self) -> int:
        """Return the pid of the worker, or 0 while there is none."""
        return next(iter(children(self._process.pid)), 0)

    def kill_worker(self) -> None:
        """Kill the worker as the kernel does if memory is short. gunicorn starts another one."""
        if pid := self.worker:
            os.kill(pid, signal.SIGKILL)

    def restart(self) -> None:
        """Stop as ECS stops a task, and start again."""
        self.stop()
        self._process = self._start()

    def stop(self) -> None:
        """Send SIGTERM and wait. Fails if the server does not stop, or not with status 0."""
        self._process.terminate()
        status = self._process.wait(STOP_SECONDS)
        assert status == 0, f"the server ended with status {status}: {self.log.read_text()[-2000:]}"


def allocator() -> dict[str, str]:
    """Return the variable by which the container sets the C library's allocator: see the Dockerfile."""
    found = re.search(r"^ENV (GLIBC_TUNABLES)=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return {found[1]: found[2]} if found else {}


def _environment(**settings: str) -> dict[str, str]:
    """Return the variables of a program: nothing of the caller's that configures Picus or AWS."""
    foreign = ("AWS_", "COVERAGE", "DYNAMODB_", "WEB_", "LOG_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return inherited | CREDENTIALS | {"ANONYMOUS_SCOPES": "read,write,delete"} | settings


@contextmanager
def function(log: Path, **environment: str) -> Iterator[tuple[str, int]]:
    """Run the delete function behind the stand-in for API Gateway; give its address and its pid."""
    port = free_port()
    settings = {"GATEWAY_PORT": str(port), "GATEWAY_STAGE": STAGE, "GATEWAY_API_KEY": API_KEY, "LOG_LEVEL": "ERROR"}
    with log.open("ab") as output:
        command = [sys.executable, "-m", "picus_project.local.api_gateway"]
        # The stand-in has many threads, a process of the function on AWS only one.
        env = _environment(**settings, **allocator(), **environment)
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)
    try:
        wait_for(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(30)


def create_tables(url: str) -> None:
    """Create both tables by Picus's own command."""
    env = _environment(DYNAMODB_ENDPOINT_URL=url, DYNAMODB_TABLE_NAME=TABLE)
    subprocess.run([sys.executable, "manage.py", "create_table"], cwd=ROOT, env=env, check=True, capture_output=True)


class MemorySamples:
    """The memory of processes, in MB, beside the time in seconds: without files, whose pages the kernel can drop."""

    def __init__(self, **pids: int) -> None:
        self.pids = pids
        self.samples: dict[str, list[tuple[float, float]]] = {name: [] for name in pids}

    def take(self) -> None:
        """Add a sample of each process."""
        now = time.monotonic()
        for name, pid in self.pids.items():
            fields = Path(f"/proc/{pid}/statm").read_text().split()
            pages = int(fields[1]) - int(fields[2])
            self.samples[name].append((now, pages * os.sysconf("SC_PAGE_SIZE") / 1e6))


@contextmanager
def services(folder: Path, url: str) -> Iterator[list[Service]]:
    """Run two hosts: faults of processes hit the first, and the second serves throughout."""
    where = {"DYNAMODB_ENDPOINT_URL": url, "DYNAMODB_TABLE_NAME": TABLE}
    with ExitStack() as stack:
        hosts = []
        for name in ("first", "second"):
            hosts.append(Service(folder / f"{name}.log", **where))
            stack.callback(hosts[-1].stop)
        yield hosts
