"""Trying again beside others who write the same item, for a while."""

import random
import time

SECONDS = 10.0
SHORTEST_WAIT, LONGEST_WAIT = 0.01, 0.25


class Contended(Exception):
    """The write can't be done beside what others do to the item."""

    retry_after = 1
    """Seconds after which a client may try again."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Patience:
    """How long one request has been trying."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + SECONDS
        self._longest_wait = SHORTEST_WAIT

    def wait(self, sentence: str) -> None:
        """Sleep for a random while, longer each time ("full jitter"). Raises Contended with this when time is up."""
        if time.monotonic() > self._deadline:
            raise Contended(sentence)
        time.sleep(random.random() * self._longest_wait)  # noqa: S311 - no secret
        self._longest_wait = min(LONGEST_WAIT, self._longest_wait * 2)
