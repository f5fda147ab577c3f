"""The core of each worker (picus_project/server/cores.py)."""

from picus_project.server.cores import choose_core


def test_a_worker_gets_a_core_without_others() -> None:
    assert choose_core({2, 3, 5}, [3, 2]) == 5
    assert choose_core({2, 3}, [3, 2, 3, 3, 2]) == 2


def test_services_of_one_machine_choose_different_cores() -> None:
    assert {choose_core(range(4), []) for _ in range(200)} == {0, 1, 2, 3}
