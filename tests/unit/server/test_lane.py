"""A limit of threads, and the connections that wait for one (picus_project/server/lane.py)."""

from typing import cast

import pytest

from picus_project.server.connection import ClientConnection
from picus_project.server.lane import Lane


def test_a_full_lane_refuses() -> None:
    lane = Lane(1)
    with lane.try_acquire() as first, lane.try_acquire() as second:
        assert (first, second) == (True, False)
    with lane.try_acquire() as again:
        assert again


def test_an_exception_releases_the_place() -> None:
    lane = Lane(1)
    with pytest.raises(ValueError, match="inside"), lane.try_acquire():
        raise ValueError("inside")
    with lane.try_acquire() as acquired:
        assert acquired


def test_connections_wait_in_order() -> None:
    lane = Lane(1)
    first, second, third = (cast(ClientConnection, object()) for _ in range(3))
    lane.wait(second, first=False)
    lane.wait(third, first=False)
    lane.wait(first, first=True)
    assert [lane.next() for _ in range(4)] == [first, second, third, None]
