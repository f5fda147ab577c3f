"""What a soak takes for wrong: the model must notice each kind of contradiction."""

import math

import pytest

from tests.raw_client import RawResponse
from tests.soak.client import Host, Reply, Sender
from tests.soak.load import Client, Counted
from tests.soak.model import State, Tally, Tracked, slope

OLD, NEW = {"n": 1}, {"n": 2}


def client() -> Client:
    here = Host("http://127.0.0.1:1", steady=True)
    return Client("c0", Sender([here], here, Tally(), 1), Counted())


def test_acknowledged_write_leaves_one_state() -> None:
    item = Tracked("k", [State(OLD, '"a"')])
    item.acknowledge(State(NEW, '"b"'))
    assert not item.observe(OLD, '"a"')
    assert Tracked("k", [State(NEW, '"b"')]).observe(NEW, '"b"')
    assert not Tracked("k", [State(NEW, '"b"')]).observe(NEW, '"c"')
    assert not Tracked("k", [State(NEW)]).observe(None, None)


def test_unknown_outcome_leaves_two_states() -> None:
    for found in (OLD, NEW):
        item = Tracked("k", [State(OLD, '"a"')])
        item.doubt(NEW)
        assert item.known is None
        assert not item.settled
        assert item.observe(found, None)
        assert item.known


def test_list_shows_lost_and_doubled_items() -> None:
    document = {"owner": "c0", "born": 7}
    for listed, lost, twice, wrong in (
        ([{"object_id": "k", **document}], 0, 0, 0),
        ([], 1, 0, 0),
        ([{"object_id": "k", **document}, {"object_id": "l", **document}], 0, 1, 0),
        ([{"object_id": "k", **document}, {"object_id": "l", "owner": "c0", "born": 8}], 0, 0, 1),
        ([{"object_id": "k", **document}, {"object_id": "l", "owner": "c1", "born": 7}], 0, 0, 0),
    ):
        checked = client()
        checked.items["k"], checked.born[7] = Tracked("k", [State(document)]), "k"
        checked.check_list(listed, {"k"})
        tally = checked.tally
        assert (len(tally.lost), len(tally.twice), len(tally.wrong)) == (lost, twice, wrong), listed


def test_item_of_a_request_without_response_is_accepted() -> None:
    document = {"owner": "c0", "born": 7}
    checked = client()
    checked.orphans[7] = document
    checked.check_list([{"object_id": "k", **document}], set())
    assert checked.items["k"].known == State(document)
    assert not checked.tally.wrong


@pytest.mark.parametrize(
    ("status", "code", "failed", "unknown"),
    [
        (200, "", False, False),
        (412, "precondition_failed", False, False),
        (503, "throttled", True, False),
        (503, "unavailable", True, True),
        (409, "idempotency_key_in_use", True, True),
        (409, "item_exists", False, False),
        (500, "internal_error", False, True),
    ],
)
def test_errors_tell_whether_the_outcome_is_unknown(status: int, code: str, failed: bool, unknown: bool) -> None:
    reply = Reply(status, RawResponse(status, []), {"error": "x", "code": code})
    assert (reply.failed, reply.unknown) == (failed, unknown)


def test_slope_ignores_buffers_in_flight() -> None:
    growing = [(float(second), 60 + second / 3600 * 5 + (second % 10 > 0) * 8) for second in range(400)]
    assert slope(growing).per_hour == pytest.approx(5)
    assert slope([(float(second), 60.0) for second in range(400)]).per_hour == 0
    assert math.isnan(slope([(0.0, 60.0), (1.0, 61.0)]).per_hour)
