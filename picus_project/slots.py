"""How many threads may wait for slow clients, so that some are always left for the others."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Slots:
    """So many at once; ``freed`` is called after each."""

    def __init__(self, count: int, freed: Callable[[], None]) -> None:
        self._semaphore = threading.Semaphore(count)
        self._freed = freed

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Take one for the block, if there is one: whether there was."""
        taken = self._semaphore.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._semaphore.release()
                self._freed()
