"""WEB_PIN_WORKERS keeps each worker on one core."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.contract.client import Client
from tests.http_server import until
from tests.service.conftest import Shared, gunicorn
from tests.service.memory import worker_pids

CORES = os.sched_getaffinity(0)


def threads(pid: int) -> list[int]:
    """Return the threads of a process; none if it has ended."""
    with suppress(FileNotFoundError):
        return [int(path.name) for path in Path(f"/proc/{pid}/task").iterdir()]
    return []


def workers_with_threads(client: Client) -> list[int]:
    """Return the workers that have started their 8 threads, beside the main thread and the log's."""
    return [pid for pid in worker_pids(client)[1:] if len(threads(pid)) >= 10]


def test_replacement_worker_gets_the_free_core(shared: Shared) -> None:
    table, _ = shared
    where = {"DYNAMODB_TABLE_NAME": table.name, "DYNAMODB_ENDPOINT_URL": table.meta.client.meta.endpoint_url}
    with gunicorn(**where, WEB_CONCURRENCY="2", WEB_THREADS="8", WEB_PIN_WORKERS="true") as client:
        until(lambda: len(workers_with_threads(client)) == 2)
        first, second = workers_with_threads(client)
        [first_core], [second_core] = os.sched_getaffinity(first), os.sched_getaffinity(second)
        assert first_core != second_core or len(CORES) == 1
        assert all(os.sched_getaffinity(thread) == {first_core} for thread in threads(first))

        os.kill(second, signal.SIGKILL)
        until(lambda: len(set(workers_with_threads(client)) - {second}) == 2)
        [third] = set(workers_with_threads(client)) - {first, second}
        assert os.sched_getaffinity(third) == {second_core}


def test_workers_may_use_all_cores_by_default(shared: Shared) -> None:
    _, client = shared
    assert os.sched_getaffinity(worker_pids(client)[1]) == CORES
