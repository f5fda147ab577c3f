"""The limit of capacity units per second."""

import threading
import time

import pytest

from picus_api.bulk.errors import Interrupted
from picus_api.bulk.rate_limiter import RateLimiter


def reported(units: float) -> bytes:
    return f'{{"ConsumedCapacity": {{"TableName": "x", "CapacityUnits": {units}}}}}'.encode()


def test_rate_holds_for_several_threads() -> None:
    limiter = RateLimiter(1000, threading.Event())

    def use() -> None:
        for _ in range(10):
            limiter.reserve(10)
            limiter.settle(10, reported(10))

    threads = [threading.Thread(target=use) for _ in range(4)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.36 < time.monotonic() - started < 20
    assert limiter.used == 400


def test_overestimate_is_given_back() -> None:
    limiter = RateLimiter(100, threading.Event())
    limiter.reserve(1)
    assert limiter.settle(1, reported(0.5)) == 0.5
    started = time.monotonic()
    for _ in range(10):
        limiter.reserve(50)
        limiter.settle(50, reported(0))
    assert time.monotonic() - started < 5.5
    assert limiter.used == 0.5


def test_underestimate_delays_the_next_request() -> None:
    limiter = RateLimiter(100, threading.Event())
    limiter.reserve(0.5)
    limiter.settle(0.5, reported(30))
    started = time.monotonic()
    limiter.reserve(1)
    assert 0.25 < time.monotonic() - started < 20


def test_response_without_units_costs_the_estimate() -> None:
    limiter = RateLimiter(None, threading.Event())
    limiter.reserve(10**9)
    assert limiter.settle(7, b'{"Items": []}') == 7
    assert limiter.used == 7


def test_stop_ends_a_wait() -> None:
    stop = threading.Event()
    limiter = RateLimiter(1, stop)
    threading.Timer(0.05, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        limiter.reserve(1000)
    assert time.monotonic() - started < 5
