"""The contestants that serve HTTP: how each is started, pinned and stopped."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.checkouts import HERE, PICUS, Checkout
from bench.dynamodb import Database
from bench.load import Target
from bench.machine import ROOT, SERVER_CORE, WORK, start
from tests.dynamodb import CREDENTIALS, free_port, started
from tests.http_server import until

FLASK_SYNC = "Flask + boto3, sync"
FLASK_GTHREAD = "Flask + boto3, gthread 8"
STARLETTE = "Starlette + aiobotocore"
PICUS_GTHREAD = "Picus, gunicorn's gthread"


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
    cores: tuple[int, ...] = (SERVER_CORE,),
    **settings: str,
) -> Contestant:
    """Return the service as it is deployed, with further options of gunicorn and environment variables."""
    deployed = {"PORT": "{port}", "ALLOWED_HOSTS": "127.0.0.1", "SECRET_KEY": "bench", "WEB_CONCURRENCY": str(workers)}
    command = [checkout.python, "-m", "gunicorn", "picus_project.wsgi:application", "-c", "gunicorn.conf.py", *options]
    return Contestant(name, command, deployed | settings, checkout.root, workers, cores)


def peers() -> list[Contestant]:
    """Return Flask with gunicorn's worker classes sync and gthread, and Starlette."""
    quiet = ["--bind", "127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning", "--no-control-socket"]
    flask = [sys.executable, "-m", "gunicorn", "flask_boto3:app", *quiet]
    quick = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    uvicorn = [sys.executable, "-m", "uvicorn", "starlette_aiobotocore:app", "--port", "{port}", *quick]
    return [
        Contestant(FLASK_SYNC, [*flask, "--worker-class", "sync"]),
        Contestant(FLASK_GTHREAD, [*flask, "--worker-class", "gthread", "--threads", "8"]),
        Contestant(STARLETTE, uvicorn, workers=0),
    ]


def environment(url: str, table: str) -> dict[str, str]:
    """Return what every process under test gets: nothing of the caller's environment but PATH and HOME."""
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DYNAMODB_ENDPOINT_URL": url,
        "DYNAMODB_TABLE_NAME": table,
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ANONYMOUS_SCOPES": "read,write,delete",
    }


@contextmanager
def served(contestant: Contestant, database: Database, table: str) -> Iterator[Target]:
    """Run the contestant, pinned to its cores. Raises AssertionError if it does not respond."""
    port = free_port()
    command = [part.format(port=port) for part in contestant.command]
    settings = {name: value.format(port=port) for name, value in contestant.settings.items()}
    env = environment(f"http://127.0.0.1:{database.port}", table) | settings
    log = WORK / f"{contestant.name.replace(' ', '_')}.log"
    process = start(command, log, contestant.cores, contestant.folder, env)
    with started(process, f"http://127.0.0.1:{port}/picus/get/none"):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: len(children.read_text().split()) == contestant.workers)
        workers = [int(child) for child in children.read_text().split()]
        yield Target(port, workers or [process.pid], database.pid)


@contextmanager
def all_served(contestants: Iterable[Contestant], database: Database, table: str) -> Iterator[dict[str, Target]]:
    """Run all contestants at once."""
    with ExitStack() as stack:
        yield {c.name: stack.enter_context(served(c, database, table)) for c in contestants}
