"""The tables of docs/cost.md are those that the script prints, and the tasks follow the rate."""

from ecs import cost
from tests.dynamodb import ROOT


def test_page_has_the_tables_of_the_script() -> None:
    page = (ROOT / "docs/cost.md").read_text()
    for stage in (cost.PRODUCTION, cost.STAGING):
        assert "\n".join(cost.table(stage)) in page


def test_tasks_follow_the_cpu_or_the_requests() -> None:
    light, heavy = {"get": 0.0001, "put": 0.0001}, {"get": 0.01, "put": 0.01}
    assert [cost.tasks(rate, cost.PRODUCTION, light) for rate in (0, 100, 1000)] == [2, 2, 10]
    # 950 of 1,000 requests take 10 ms each: 9.5 vCPUs, half of the vCPUs of 38 tasks.
    assert cost.tasks(1000, cost.PRODUCTION, heavy) == 38
    assert cost.tasks(0, cost.STAGING, heavy) == 1


def test_cost_grows_with_the_rate_and_idles_cheaply() -> None:
    totals = [sum(cost.month(rate, cost.STAGING, cost.cpu_seconds()).values()) for rate in cost.RATES]
    assert totals == sorted(totals)
    assert totals[0] < 60
