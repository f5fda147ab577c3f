"""Keep each worker on one core.

Python runs one thread of a process at a time. If the next thread is on another core, the switch takes longer, and that
core's cache has none of the process's data. bench/RESULTS.md, "Threads and workers", shows the difference.
"""

import os
import random
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any


def choose_core(cores: Collection[int], cores_of_others: Iterable[int | None]) -> int:
    """Return the core with the fewest workers.

    Ties are broken at random: several services on one machine should not all choose the first core.
    """
    workers = Counter(cores_of_others)
    return min(random.sample(list(cores), len(cores)), key=workers.__getitem__)


def assign_core(arbiter: Any, worker: Any) -> None:
    """Choose the core of a new worker, as gunicorn's ``pre_fork``."""
    # Workers from before a reload of the settings may have none.
    others = (getattr(other, "core", None) for other in arbiter.WORKERS.values())
    worker.core = choose_core(os.sched_getaffinity(0), others)


def pin_worker(_arbiter: Any, worker: Any) -> None:
    """Keep this process on its core, as gunicorn's ``post_fork``. Later threads stay on it too."""
    try:
        for thread in Path("/proc/self/task").iterdir():  # the main thread, and the log's, which has started already
            os.sched_setaffinity(int(thread.name), {worker.core})
    except OSError as error:
        worker.log.warning("WEB_PIN_WORKERS could not keep the worker on one core: %s", error)
