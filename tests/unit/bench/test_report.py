"""The pages that the benchmark writes."""

from xml.etree import ElementTree

from bench import baseline, chart, prices, report
from bench.measurements import Results, Sample
from bench.servers import FLASK_GTHREAD, FLASK_SYNC, PICUS, PICUS_GTHREAD, STARLETTE

RATES = {FLASK_SYNC: 500, FLASK_GTHREAD: 700, STARLETTE: 1300, PICUS_GTHREAD: 1500, PICUS: 2000}


def sample(rate: float) -> Sample:
    return {
        "rate": rate,
        "cpu_us": 1e6 / rate,
        "least_share": 1,
        "p50_ms": 16000 / rate,
        "p99_ms": 32000 / rate,
        "other_core_percent": 25,
        "resident_mb": 60,
    }


def results() -> Results:
    scenarios = {"get": {name: [sample(rate)] for name, rate in RATES.items()}}
    settings = {"rounds": 1, "seconds": 0.5, "clients": 32, "minutes": 7.5}
    return Results({"CPU": "one of two"}, settings, scenarios)


def test_table_has_each_contestant_and_its_ratio() -> None:
    page = report.text(results())
    assert f"| get | {PICUS_GTHREAD} | 1,500 (1,500–1,500) | 1.33 (1.33–1.33) |" in page
    assert f"| get | {PICUS} | 2,000 (2,000–2,000) | 1.00 (1.00–1.00) |" in page


def test_target_that_is_missed_is_marked() -> None:
    page = report.text(results())
    assert f"| get: requests/s, to {FLASK_SYNC} | ≥ 4 × | 4.00 (4.00–4.00) × | yes |" in page
    slow = results()
    slow.scenarios["get"][PICUS] = [sample(1000)]
    assert f"| get: requests/s, to {FLASK_SYNC} | ≥ 4 × | 2.00 (2.00–2.00) × | **no** |" in report.text(slow)


def test_sections_without_figures_are_left_out() -> None:
    headings = [line for line in report.text(results()).splitlines() if line.startswith("#")]
    assert headings == [
        "# Benchmark",
        "## Targets",
        "## Get and put",
        "## Price",
        "## What this can't know",
        "## Machine and versions",
    ]


def test_prices_follow_from_measured_cpu() -> None:
    # 500 s of CPU at half use are 1,000 s of a vCPU with 2 GB.
    fargate = 1000 / 3600 * (prices.FARGATE_VCPU_HOUR + 2 * prices.FARGATE_GB_HOUR)
    units = prices.DYNAMODB_MILLION_READ_UNITS
    expected = f"| a million gets | 500 | 1 | {fargate:,.2f} | {units:,.2f} | {fargate + units:,.2f} |"
    assert expected in report.text(results())
    assert prices.consistent_reads(4097) == 2
    assert prices.writes(1025, count=3) == 6
    assert prices.consistent_scan(8192) == 2


def test_second_core_counts_by_cpu() -> None:
    measured = results()
    measured.scenarios["cores"] = {"one worker": [sample(1000)], "two workers": [sample(960) | {"least_share": 0.4}]}
    page = report.text(measured)
    assert "| get: two workers on two cores, to one on one | ≥ 1.9 × | 1.92 × | yes |" in page
    assert "| two workers | 1,042 (1,042–1,042) | 40% | 1,920 |" in page


def test_loss_of_more_than_three_percent_is_marked() -> None:
    compared = results()
    compared.baseline = "abc1234"
    compared.scenarios[f"{baseline.PREFIX}get"] = {"before": [sample(1000)], "after": [sample(960)]}
    compared.scenarios[f"{baseline.PREFIX}put"] = {"before": [sample(1000)], "after": [sample(980)]}
    page = report.text(compared)
    assert "Before is commit abc1234" in page
    assert "| get: requests/s | 1,000 (1,000–1,000) | 960 (960–960) | 0.960 (0.960–0.960) | **no** |" in page
    assert "| get: CPU µs/request | 1,000 (1,000–1,000) | 1,042 (1,042–1,042) | 1.042 (1.042–1.042) | **no** |" in page
    assert "| put: requests/s | 1,000 (1,000–1,000) | 980 (980–980) | 0.980 (0.980–0.980) | yes |" in page


def test_longest_bar_belongs_to_the_fastest() -> None:
    drawn = ElementTree.fromstring(chart.svg(results()))
    space = "{http://www.w3.org/2000/svg}"
    widths = [float(bar.attrib["width"]) for bar in drawn.findall(f"{space}g/{space}rect")]
    assert widths == [40.0, 56.0, 104.0, 120.0, 160.0]
