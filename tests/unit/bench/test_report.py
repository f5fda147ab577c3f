"""How the benchmark takes turns and compares, and the pages that it writes."""

from functools import partial
from xml.etree import ElementTree

import pytest

from bench import chart, report
from bench.checkouts import BEFORE, PICUS
from bench.machine import BenchError
from bench.measurements import Results, Sample, Spread, spread
from bench.servers import FLASK_GTHREAD, FLASK_SYNC, PICUS_GTHREAD, STARLETTE
from bench.throughput import CORES, ONE_CORE, TWO_CORES
from ecs import prices

RATES = {FLASK_SYNC: 500, FLASK_GTHREAD: 700, STARLETTE: 1300, PICUS_GTHREAD: 1500, PICUS: 2000}


def sample(rate: float, cores: int = 1) -> Sample:
    times = {"cpu_us": 1e6 / rate, "p50_ms": 16000 / rate, "p99_ms": 32000 / rate}
    return {"rate": rate, "cores_rate": rate * cores, "load_percent": 25, "resident_mib": 60, **times}


def results(**scenarios: dict[str, list[Sample]]) -> Results:
    gets = {name: [sample(rate)] for name, rate in RATES.items()}
    return Results(6, {"CPU": "one of two"}, {"get": gets, **scenarios})


@pytest.mark.parametrize("names", ["ab", "abc", "abcde"])
def test_contestants_are_first_equally_often(names: str) -> None:
    order: list[str] = []

    def run(name: str) -> Sample:
        order.append(name)
        return {"rate": len(order)}

    size, made = len(names), Results(0)
    for _ in range(2):  # a second start adds to the same scenario
        made.record("turns", {name: partial(run, name) for name in names}, 2 * size, warm_up=False)
    rounds = [order[first : first + size] for first in range(0, len(order), size)]
    assert sorted(names * 4) == sorted(each[0] for each in rounds)
    # Each of two contestants runs before the other in half of the rounds.
    assert sum(each.index("a") < each.index("b") for each in rounds) == 2 * size
    assert made.values("turns", "a", "rate") == [at for at, name in enumerate(order, 1) if name == "a"]


def test_failure_names_scenario_and_contestant() -> None:
    def refused() -> Sample:
        raise ConnectionRefusedError("nobody listens")

    with pytest.raises(BenchError, match="put, picus: nobody listens"):
        Results(1).record("put", {"picus": refused}, 1)


def test_ratio_is_taken_round_by_round() -> None:
    assert spread([4, 1, 3, 2]) == Spread(2.5, 1.75, 3.25)
    assert [Spread(1234.5678, 1000, 2000).text(), spread([7]).text()] == ["1,235 (1,000–2,000)", "7.00"]
    ours, theirs = ([{"rate": rate} for rate in rates] for rates in ((200.0, 100.0, 30.0), (100.0, 50.0, 10.0)))
    measured = results(turns={"ours": ours, "theirs": theirs})
    # The ratio of the medians would hide that the third round differs.
    assert measured.ratio("turns", "ours", "theirs", "rate") == Spread(2, 2, 2.5)


def test_report_compares_and_leaves_out_what_was_not_measured() -> None:
    page = report.text(results())
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["Targets", "Get and put", "Price", "Limits of the benchmark", "Machine and versions"]
    assert f"| get | {PICUS_GTHREAD} | 1,500 | 0.750 | 667 |" in page
    assert f"| get | {PICUS} | 2,000 | 1.000 | 500 |" in page
    assert f"| get: requests/s, {PICUS} ÷ {FLASK_SYNC} | ≥ 4 | 4.00 | yes |" in page
    # 500 s of CPU at half use are 1,000 s of a vCPU with 2 GB.
    fargate = 1000 / 3600 * (prices.FARGATE_VCPU_HOUR + 2 * prices.FARGATE_GB_HOUR)
    units = prices.DYNAMODB_MILLION_READ_UNITS
    assert f"| a million gets | 500 | {fargate:,.2f} | {units:,.2f} | {fargate + units:,.2f} |" in page


def test_missed_targets_and_losses_of_three_percent_are_marked() -> None:
    cores = {ONE_CORE: [sample(1000)], TWO_CORES: [sample(920, cores=2)]}
    get, put = ({**results().scenarios["get"], BEFORE: [sample(rate)], PICUS: [sample(960)]} for rate in (1000, 980))
    measured = results(**{"get": get, "put": put, CORES: cores})
    measured.baseline = "abc1234"
    page = report.text(measured)
    assert "Before is commit abc1234" in page
    for row in (
        f"| get: requests/s, {PICUS} ÷ {FLASK_SYNC} | ≥ 4 | 1.920 | **no** |",
        f"| cores: requests per CPU second × cores, {TWO_CORES} ÷ {ONE_CORE} | ≥ 1.9 | 1.840 | **no** |",
        "| get: requests/s | 1,000 | 960 | 0.960 | **no** |",
        "| get: CPU µs/request | 1,000 | 1,042 | 1.042 | **no** |",
        "| put: requests/s | 980 | 960 | 0.980 | yes |",
    ):
        assert row in page


def test_longest_bar_belongs_to_the_fastest() -> None:
    drawn = ElementTree.fromstring(chart.svg(results()))
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(bar.attrib["width"]) for bar in drawn.findall(f"{space}g/{space}rect")]
    assert widths == [40.0, 56.0, 104.0, 120.0, 160.0]
