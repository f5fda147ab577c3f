"""Keep each worker on one core.

Python runs one thread of a process at a time. If the next thread is on another core, it wakes later and finds nothing
of the process in that core's cache. bench/RESULTS.md, "Threads and workers", shows the difference.
"""

import os
import random
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any


def choose_core(cores: Collection[int], taken: Iterable[int]) -> int:
    """Return the core with the fewest workers, at random if there are several.

    ``taken``: the core of each other worker. At random, because other services of the machine choose as well.
    """
    workers = Counter(taken)
    return min(random.sample(list(cores), len(cores)), key=workers.__getitem__)


def assign_core(arbiter: Any, worker: Any) -> None:
    """Choose the core of a new worker, as gunicorn's ``pre_fork``."""
    others = (other.core for other in arbiter.WORKERS.values())
    worker.core = choose_core(os.sched_getaffinity(0), others)


def stay_on_core(_: Any, worker: Any) -> None:
    """Keep this process on its core, as gunicorn's ``post_fork``. Later threads stay on it too."""
    try:
        for thread in Path("/proc/self/task").iterdir():  # this one, and the one that writes the log
            os.sched_setaffinity(int(thread.name), {worker.core})
    except OSError as error:
        worker.log.warning("WEB_PIN_WORKERS: the worker stays on all cores: %s", error)
