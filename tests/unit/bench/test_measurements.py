"""How the benchmark takes turns, and how it compares."""

from functools import partial
from itertools import count

import pytest

from bench.machine import BenchError
from bench.measurements import Recorder, Results, Sample, Spread, spread


def recorder() -> Recorder:
    return Recorder(Results(settings={"rounds": 6, "seconds": 0.1}))


def results(**contestants: list[float]) -> Results:
    samples = {name: [{"rate": figure} for figure in figures] for name, figures in contestants.items()}
    return Results(scenarios={"get": samples})


def test_spread_has_median_and_quartiles() -> None:
    assert spread([4, 1, 3, 2]) == Spread(2.5, 1.75, 3.25)
    assert spread([7]) == Spread(7, 7, 7)
    assert Spread(1234.5678, 1000, 2000).text(1) == "1,234.6 (1,000.0–2,000.0)"


def test_ratio_is_taken_round_by_round() -> None:
    # The ratio of the medians would hide that the third round differs.
    measured = results(ours=[200, 100, 30], theirs=[100, 50, 10])
    assert measured.ratio("get", "ours", "theirs", "rate") == Spread(2, 2, 2.5)


def test_ratio_to_fewer_rounds_uses_their_median() -> None:
    measured = results(ours=[10, 20, 30], theirs=[5, 15])
    assert measured.ratio("get", "ours", "theirs", "rate").median == 2


@pytest.mark.parametrize("names", ["ab", "abc", "abcde"])
def test_contestants_are_first_equally_often(names: str) -> None:
    order: list[str] = []

    def run(name: str) -> Sample:
        order.append(name)
        return {"rate": 1}

    size = len(names)
    recorder().record("get", {name: partial(run, name) for name in names}, 2 * size)
    rounds = [order[first : first + size] for first in range(0, len(order), size)]
    assert sorted(names * 2) == sorted(each[0] for each in rounds)
    # Each of two contestants runs before the other in half of the rounds.
    assert sum(each.index("a") < each.index("b") for each in rounds) == size


def test_slow_contestants_run_every_third_round() -> None:
    made = recorder()
    made.record("list", {"picus": lambda: {"ms": 1}, "slow": lambda: {"ms": 5}}, 7, seldom=["slow"])
    assert {name: len(samples) for name, samples in made.results.scenarios["list"].items()} == {"picus": 7, "slow": 3}


def test_second_start_adds_to_the_same_scenario() -> None:
    made, numbers = recorder(), count()
    for _ in range(2):
        made.record("get", {"picus": lambda: {"rate": next(numbers)}}, 2)
    assert made.results.values("get", "picus", "rate") == [0, 1, 2, 3]


def test_failure_names_scenario_and_contestant() -> None:
    def refused() -> Sample:
        raise ConnectionRefusedError("nobody listens")

    with pytest.raises(BenchError, match="get, picus: nobody listens"):
        recorder().record("get", {"picus": refused}, 1)
