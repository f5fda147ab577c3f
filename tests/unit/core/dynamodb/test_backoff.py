"""Waits between attempts: exponential, random, and never past the deadline."""

import time

from picus_api.core.dynamodb.backoff import Backoff


def waits(waited: int, base: float | None = None) -> list[float]:
    """Return 200 samples of one wait, after so many waits before it."""
    found: list[float] = []
    for _ in range(200):
        slept: list[float] = []
        backoff = Backoff(0.1, 0.3, time.monotonic() + 60, slept.append)
        for _ in range(waited):
            assert backoff.wait()
        assert backoff.wait(base)
        found.append(slept[-1])
    return found


def test_waits_are_random_between_zero_and_growing_limit() -> None:
    for waited, base, longest in ((0, None, 0.1), (1, None, 0.2), (5, None, 0.3), (0, 0.2, 0.2)):
        found = waits(waited, base)
        assert min(found) < longest / 4
        assert longest * 3 / 4 < max(found) <= longest


def test_wait_never_passes_the_deadline() -> None:
    slept: list[float] = []
    backoff = Backoff(20, 20, time.monotonic() + 5, slept.append)
    outcomes = [backoff.wait() for _ in range(200)]
    assert set(outcomes) == {True, False}
    assert len(slept) == sum(outcomes)
    assert max(slept) < 5
    assert not Backoff(10, 10, time.monotonic()).wait()
