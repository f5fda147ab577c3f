"""The limit of threads that wait for slow clients (picus_project/server/thread_limit.py)."""

import pytest

from picus_project.server.thread_limit import ThreadLimit


def test_a_full_limit_refuses_and_does_not_call_back() -> None:
    calls: list[str] = []
    limit = ThreadLimit(1, lambda: calls.append("released"))
    with limit.try_acquire() as first:
        with limit.try_acquire() as second:
            assert (first, second) == (True, False)
        assert calls == []
    assert calls == ["released"]


def test_an_exception_releases_the_place() -> None:
    limit = ThreadLimit(1, lambda: None)
    with pytest.raises(ValueError, match="inside"), limit.try_acquire():
        raise ValueError("inside")
    with limit.try_acquire() as acquired:
        assert acquired
