"""Waits between attempts: exponential backoff with full jitter.

https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
"""

import random
import time
from collections.abc import Callable


class Backoff:
    """The waits of one call or request.

    The n-th wait is random between 0 and ``base * 2**(n-1)`` seconds, at most ``longest``: clients that failed together
    don't return together. ``deadline`` is a time of time.monotonic() that no wait passes.
    """

    def __init__(
        self, base: float, longest: float, deadline: float, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._base = base
        self._longest = longest
        self._deadline = deadline
        self._sleep = sleep
        self._waits = 0

    def wait(self, base: float | None = None) -> bool:
        """Sleep before the next attempt; at once return False if the sleep would pass the deadline.

        ``base`` replaces the base of this one wait.
        """
        base = self._base if base is None else base
        delay = random.random() * min(self._longest, base * 2**self._waits)  # noqa: S311 - no secret
        if time.monotonic() + delay >= self._deadline:
            return False
        self._waits += 1
        self._sleep(delay)
        return True
