"""The contestants: how each is started, pinned and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Target
from bench.machine import SERVER_CORE, children, pinned

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build/bench"
START_SECONDS = 30

PICUS = "Picus"
OLD_SYNC = "Flask + boto3, sync"
OLD_GTHREAD = "Flask + boto3, gthread 8"
AIOBOTOCORE = "Starlette + aiobotocore"

AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class StartError(Exception):
    """A server did not come up."""


@dataclass(frozen=True)
class Contestant:
    """A server under test. ``{port}`` in the command and the settings is the port that it gets."""

    name: str
    command: list[str]
    settings: dict[str, str] = field(default_factory=dict)
    folder: Path = ROOT / "bench/peers"
    """Where it starts. Not the root: gunicorn would read the gunicorn.conf.py there."""
    workers: int = 1
    """How many children of the process do the work; none: it does it itself."""


def picus(workers: int | None = None, threads: int | None = None, name: str = PICUS) -> Contestant:
    """The service as it is deployed; what is not given is gunicorn.conf.py's default."""
    settings = {"PORT": "{port}", "ALLOWED_HOSTS": "127.0.0.1", "SECRET_KEY": "benchmark"}
    if workers:
        settings["WEB_CONCURRENCY"] = str(workers)
    if threads:
        settings["WEB_THREADS"] = str(threads)
    python = str(ROOT / ".venv/bin/python")
    command = [python, "-m", "gunicorn", "picus_project.wsgi:application", "-c", "gunicorn.conf.py"]
    return Contestant(name, command, settings, ROOT, workers or 1)


def _flask(name: str, *options: str) -> Contestant:
    bind = ["--bind", "127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning", "--no-control-socket"]
    return Contestant(name, [sys.executable, "-m", "gunicorn", "flask_boto3:app", *bind, *options])


OLD_SERVICE_SYNC = _flask(OLD_SYNC, "--worker-class", "sync")
OLD_SERVICE_GTHREAD = _flask(OLD_GTHREAD, "--worker-class", "gthread", "--threads", "8")
_QUIET_AND_FAST = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
STARLETTE = Contestant(
    AIOBOTOCORE,
    [sys.executable, "-m", "uvicorn", "starlette_aiobotocore:app", "--port", "{port}", *_QUIET_AND_FAST],
    workers=0,
)
CONTESTANTS = [OLD_SERVICE_SYNC, OLD_SERVICE_GTHREAD, STARLETTE, picus()]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment(dynamodb_port: int, table: str) -> dict[str, str]:
    """What every process under test gets, beside its own settings: nothing of the caller's but PATH and HOME."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **inherited,
        **AWS,
        "DYNAMODB_ENDPOINT_URL": f"http://127.0.0.1:{dynamodb_port}",
        "DYNAMODB_TABLE_NAME": table,
    }


@contextmanager
def served(contestant: Contestant, dynamodb_port: int, table: str, helpers: list[int]) -> Iterator[Target]:
    """The contestant running, pinned and answering. Raises StartError."""
    port = free_port()
    command = [part.format(port=port) for part in contestant.command]
    settings = {name: value.format(port=port) for name, value in contestant.settings.items()}
    log = WORK / f"{contestant.name.replace(' ', '_')}.log"
    with log.open("wb") as output, pinned(SERVER_CORE):
        process = subprocess.Popen(
            command,
            cwd=contestant.folder,
            env=environment(dynamodb_port, table) | settings,
            stdout=output,
            stderr=output,
        )
    try:
        workers = _started(contestant, process, port, log)
        yield Target(port, workers, helpers)
    finally:
        stop(process)


def _started(contestant: Contestant, process: subprocess.Popen[bytes], port: int, log: Path) -> list[int]:
    """Its workers, as soon as all of them run and one answers. Raises StartError."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        workers = children(process.pid)
        if len(workers) == contestant.workers and _answers(port):
            return workers or [process.pid]
        time.sleep(0.02)
    raise StartError(f"{contestant.name} does not answer; its log is {log}")


def _answers(port: int) -> bool:
    """Whether a request gets an answer: an open port alone says nothing of gunicorn's workers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
            connection.sendall(b"GET /picus/get/none HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it, gently at first."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
