"""The budget for the memory of large requests."""

import threading
from collections.abc import Callable, Iterator

import pytest

from picus_api.core import memory
from picus_api.core.errors import ServiceBusy


@pytest.fixture(autouse=True)
def budget() -> Iterator[None]:
    memory.set_budget(memory.MAX_ITEM_MEMORY + 100)
    yield
    memory.set_budget(0)


def in_thread(action: Callable[[], None]) -> list[str]:
    """Run the action in a thread with the budget. Return the class of its error, or nothing."""
    errors: list[str] = []

    def run() -> None:
        memory.use_budget()
        try:
            action()
        except ServiceBusy as error:
            errors.append(type(error).__name__)
        finally:
            memory.release()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return errors


def test_a_reservation_over_the_budget_is_refused_until_release() -> None:
    def both() -> None:
        memory.reserve(memory.MAX_ITEM_MEMORY)
        assert in_thread(lambda: memory.reserve(100)) == []
        assert in_thread(lambda: memory.reserve(101)) == ["ServiceBusy"]

    assert in_thread(both) == []
    assert in_thread(lambda: memory.reserve(memory.MAX_ITEM_MEMORY)) == []


def test_a_request_reserves_the_largest_of_its_needs() -> None:
    def both() -> None:
        for size in (60, 100, 80):
            memory.reserve(size)
        assert in_thread(lambda: memory.reserve(memory.MAX_ITEM_MEMORY)) == []
        memory.reserve(101)
        assert in_thread(lambda: memory.reserve(memory.MAX_ITEM_MEMORY)) == ["ServiceBusy"]

    assert in_thread(both) == []


def test_a_thread_may_wait_for_memory() -> None:
    reserved, waiting = threading.Event(), threading.Event()

    def holder() -> None:
        memory.use_budget()
        memory.reserve(memory.MAX_ITEM_MEMORY)
        reserved.set()
        waiting.wait(10)
        memory.release()

    thread = threading.Thread(target=holder)
    thread.start()
    assert reserved.wait(10)

    def waiter() -> None:
        memory.let_wait(10)
        threading.Timer(0.2, waiting.set).start()
        memory.reserve(memory.MAX_ITEM_MEMORY)

    assert in_thread(waiter) == []
    thread.join()


def test_threads_without_the_budget_reserve_nothing() -> None:
    memory.reserve(memory.MAX_ITEM_MEMORY)
    assert in_thread(lambda: memory.reserve(memory.MAX_ITEM_MEMORY)) == []


def test_a_reservation_is_at_most_that_of_the_largest_item() -> None:
    assert in_thread(lambda: memory.reserve(10 * memory.MAX_ITEM_MEMORY)) == []
