"""The contestants that serve HTTP: how each is started, pinned and stopped."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.dynamodb import START_SECONDS, Database
from bench.load import Target
from bench.machine import ROOT, SERVER_CORE, WORK, BenchError, children, free_port, pinned, stop

PICUS = "Picus"
FLASK_SYNC = "Flask + boto3, sync"
FLASK_GTHREAD = "Flask + boto3, gthread 8"
STARLETTE = "Starlette + aiobotocore"
PICUS_GTHREAD = "Picus, gunicorn's gthread"

_AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "ANONYMOUS_SCOPES": "read,write,delete",
}


@dataclass(frozen=True)
class Checkout:
    """A folder with a commit of Picus, installed and packaged there. Only public interfaces are used."""

    root: Path = ROOT

    @property
    def python(self) -> str:
        return str(self.root / ".venv/bin/python")

    @property
    def package(self) -> Path:
        """Return the path of the zip that `make package` makes."""
        return self.root / "build/delete_fn.zip"

    @property
    def handler(self) -> str:
        settings = json.loads((self.root / "zappa_settings.json").read_text())
        return str(settings["base"]["lambda_handler"])


HERE = Checkout()


@dataclass(frozen=True)
class Contestant:
    """A server under test. ``{port}`` in the command and the settings is replaced by its port."""

    name: str
    command: list[str]
    settings: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT / "bench/peers"
    """Where it starts. In the root gunicorn would read Picus's gunicorn.conf.py."""
    workers: int = 1
    """How many child processes do the work; 0 if the process itself does it."""
    cores: tuple[int, ...] = (SERVER_CORE,)


def picus(
    name: str = PICUS,
    checkout: Checkout = HERE,
    *options: str,
    workers: int = 1,
    threads: int = 0,
    cores: tuple[int, ...] = (SERVER_CORE,),
) -> Contestant:
    """Return the service as it is deployed, with further options of gunicorn. 0 threads: gunicorn.conf.py's default."""
    settings = {
        "PORT": "{port}",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECRET_KEY": "benchmark",
        "WEB_CONCURRENCY": str(workers),
    }
    if threads:
        settings["WEB_THREADS"] = str(threads)
    command = [checkout.python, "-m", "gunicorn", "picus_project.wsgi:application", "-c", "gunicorn.conf.py", *options]
    return Contestant(name, command, settings, checkout.root, workers, cores)


def _flask(name: str, *options: str) -> Contestant:
    bind = ["--bind", "127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning", "--no-control-socket"]
    return Contestant(name, [sys.executable, "-m", "gunicorn", "flask_boto3:app", *bind, *options])


def peers() -> list[Contestant]:
    """Return the old service under two workers of gunicorn, and the asynchronous one."""
    quick = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    uvicorn = [sys.executable, "-m", "uvicorn", "starlette_aiobotocore:app", "--port", "{port}", *quick]
    return [
        _flask(FLASK_SYNC, "--worker-class", "sync"),
        _flask(FLASK_GTHREAD, "--worker-class", "gthread", "--threads", "8"),
        Contestant(STARLETTE, uvicorn, workers=0),
    ]


def environment(database: Database, table: str) -> dict[str, str]:
    """Return what every process under test gets: nothing of the caller's environment but PATH and HOME."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    url = f"http://127.0.0.1:{database.port}"
    settings = {"DYNAMODB_ENDPOINT_URL": url, "DYNAMODB_TABLE_NAME": table, "ANONYMOUS_SCOPES": "read,write,delete"}
    return {**inherited, **_AWS, **settings}


@contextmanager
def served(contestant: Contestant, database: Database, table: str) -> Iterator[Target]:
    """Run the contestant, pinned to its cores. Raises BenchError if it does not respond."""
    port = free_port()
    command = [part.format(port=port) for part in contestant.command]
    settings = {name: value.format(port=port) for name, value in contestant.settings.items()}
    log = WORK / f"{contestant.name.replace(' ', '_')}.log"
    with log.open("wb") as output, pinned(*contestant.cores):
        env = environment(database, table) | settings
        process = subprocess.Popen(command, cwd=contestant.folder, env=env, stdout=output, stderr=output)
    try:
        yield Target(port, _started(contestant, process, port, log), database.pid)
    finally:
        stop(process)


@contextmanager
def all_served(contestants: Iterable[Contestant], database: Database, table: str) -> Iterator[dict[str, Target]]:
    """Run all contestants at once."""
    with ExitStack() as stack:
        yield {c.name: stack.enter_context(served(c, database, table)) for c in contestants}


def _started(contestant: Contestant, process: "subprocess.Popen[bytes]", port: int, log: Path) -> list[int]:
    """Return the workers as soon as all of them run and one responds."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        workers = children(process.pid)
        if len(workers) == contestant.workers and _responds(port):
            return workers or [process.pid]
        time.sleep(0.02)
    raise BenchError(f"{contestant.name} does not respond; its log is {log}")


def _responds(port: int) -> bool:
    """Return True if a request gets a response: gunicorn opens the port before its workers run."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
            connection.sendall(b"GET /picus/get/none HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False
