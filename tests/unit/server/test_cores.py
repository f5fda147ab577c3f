"""The core of each worker (picus_project/server/cores.py)."""

from picus_project.server.cores import choose_core


def test_worker_gets_core_with_fewest_workers() -> None:
    assert choose_core({2, 3, 5}, [3, None, 2]) == 5
    assert choose_core({2, 3}, [3, 2, 3, 3, 2]) == 2


def test_equally_used_cores_are_chosen_at_random() -> None:
    assert {choose_core(range(4), []) for _ in range(200)} == {0, 1, 2, 3}
