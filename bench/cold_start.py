"""Cold starts: from the start of a process that enters the function as Lambda does to the end of its first delete."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import items, packages
from bench.database import TABLE, Database
from bench.machine import SERVER_CORE, pinned
from bench.packages import Function
from bench.results import ColdStart, Results, spread
from bench.runtime_api import TIMEOUT_SECONDS, RuntimeApi
from bench.scenarios import Progress
from bench.servers import WORK, environment
from picus_project.local.events import rest_proxy_event

ROUNDS = 7
# Of no other table's or scenario's keys.
NUMBER = 10**9


class ColdStartError(Exception):
    """A function did not start, or did not delete."""


def run(database: Database, results: Results, progress: Progress) -> None:
    """In rounds, so that what slows the machine for a while touches all of them. The first round only warms up."""
    progress("  packaging by Zappa's defaults")
    functions = packages.prepare()
    results.packages = {f.name: f.zip_mb for f in functions if f.zip_mb}
    for function in functions:
        _start(database, function)
    results.cold = {f.name: [] for f in functions}
    for _ in range(ROUNDS):
        for function in functions:
            results.cold[function.name].append(_start(database, function))
    for name, starts in results.cold.items():
        init, total = (spread(getattr(s, field) * 1000 for s in starts).median for field in ("init", "total"))
        progress(f"    {name:36} {total:5.0f} ms, of which init {init:5.0f} ms")


def _event(key: str) -> dict[str, Any]:
    return rest_proxy_event(method="DELETE", path=f"/picus/{key}", headers=[("Host", "localhost")])


def _start(database: Database, function: Function) -> ColdStart:
    """One start and delete. Raises ColdStartError."""
    key = items.key(NUMBER)
    database.client.fill(TABLE, NUMBER, NUMBER + 1)
    api = RuntimeApi(_event(key))
    log = WORK / "cold_start.log"
    try:
        with log.open("wb") as output, pinned(SERVER_CORE):
            started = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", function.handler],
                cwd=function.folder,
                env=_environment(database, function, api.server_address[1]),
                stdout=output,
                stderr=output,
            )
        answered = api.done.wait(TIMEOUT_SECONDS)
        process.kill()
        process.wait()
    finally:
        api.close()
    if not answered or not api.asked:
        raise ColdStartError(f"{function.name}: {api.answer.decode() or 'no answer'}; its log is {log}")
    _check(database, function, api.answer, key, log)
    return ColdStart(api.asked - started, api.answered - started)


def _check(database: Database, function: Function, answer: bytes, key: str, log: Path) -> None:
    status = json.loads(answer).get("statusCode")
    gone = b'"Item"' not in database.client.get(TABLE, key)
    if status != 200 or not (gone or function.name == packages.FLOOR):
        raise ColdStartError(f"{function.name}: status {status}, deleted: {gone}; its log is {log}")


def _environment(database: Database, function: Function, api_port: int) -> dict[str, str]:
    return {
        **environment(database.port, TABLE),
        # Lambda's credentials always come with one.
        "AWS_SESSION_TOKEN": "local",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "LAMBDA_TASK_ROOT": str(function.folder),
        # /var/task can't be written to: what one cold start compiles is of no use to the next.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
