"""Print the cost of a month of one stage, as the table of docs/cost.md: ``python -m ecs.cost``.

The CPU of a request is what bench/RESULTS.md measured. ecs/prices.py has the prices.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

from ecs import prices

RESULTS = Path(__file__).parent.parent / "bench" / "RESULTS.md"
HOURS = 730
SECONDS = HOURS * 3600
RATES = (0, 1, 100, 1000)
# Of the requests: mostly reads, of items of up to 1 KB. A DELETE goes through API Gateway and the function.
SHARES = {"get": 0.80, "put": 0.15, "delete": 0.05}
RESPONSE_KB, LINE_KB = 1.5, 0.9  # a response with its header, and a request line with its metrics
# The target of ecs/scaling.yaml for requests, and the vCPU of a task in ecs/service.yaml.
TARGET_REQUESTS, VCPU = 100, 0.5
FUNCTION_SECONDS, FUNCTION_GB = 0.01, 0.5
ITEM_GB = 1  # of the table


FIXED_METRICS, ALARMS, SECRETS = 14, 16, 2
INSIGHTS_METRICS = 30  # of Container Insights, about


class Stage(NamedTuple):
    """The values of a stage that matter for its cost."""

    min_tasks: int
    has_insights: bool


PRODUCTION, STAGING = Stage(2, True), Stage(1, False)


def cpu_seconds() -> dict[str, float]:
    """Return the measured CPU seconds of a request by operation. Raises LookupError if the page has no such rows."""
    rows = re.findall(r"^\| (get|put) \| Picus \| (.+) \|$", RESULTS.read_text(), re.MULTILINE)
    # The third cell has the microseconds, with the quartiles in brackets.
    measured = {name: float(cells.split(" | ")[2].split()[0].replace(",", "")) / 1e6 for name, cells in rows}
    if measured.keys() != {"get", "put"}:
        raise LookupError(f"{RESULTS} has no rows of get and put for Picus")
    return measured


def tasks(rate: float, stage: Stage, cpu: dict[str, float]) -> int:
    """Return how many tasks autoscaling starts for a rate of requests a second."""
    busy = sum(rate * SHARES[name] * cpu[name] for name in cpu)
    served = rate * (1 - SHARES["delete"])
    return max(stage.min_tasks, math.ceil(busy / prices.UTILIZATION / VCPU), math.ceil(served / TARGET_REQUESTS))


def month(rate: float, stage: Stage, cpu: dict[str, float]) -> dict[str, float]:
    """Return the dollars of a month by service, at a rate of requests a second all the time."""
    million, gb = rate * SECONDS / 1e6, rate * SECONDS * RESPONSE_KB / 1e6
    reads, writes, deletes = (million * SHARES[name] for name in ("get", "put", "delete"))
    vcpu_hour = prices.FARGATE_VCPU_HOUR + prices.GB_PER_VCPU * prices.FARGATE_GB_HOUR
    lcus = max(rate / 25, rate * RESPONSE_KB * 3600 / 1e6)  # new connections, or GB an hour
    metrics = FIXED_METRICS + (INSIGHTS_METRICS if stage.has_insights else 0)
    return {
        "Fargate": tasks(rate, stage, cpu) * HOURS * (VCPU * vcpu_hour + prices.PUBLIC_IPV4_HOUR),
        "load balancer": HOURS * (prices.ALB_HOUR + lcus * prices.ALB_CAPACITY_UNIT_HOUR),
        # A consistent read of 4 KB and a write of 1 KB are a unit each.
        "DynamoDB": reads * prices.DYNAMODB_MILLION_READ_UNITS
        + (writes + deletes) * prices.DYNAMODB_MILLION_WRITE_UNITS
        + ITEM_GB * (prices.DYNAMODB_GB_MONTH + prices.DYNAMODB_BACKUP_GB_MONTH),
        "API Gateway and Lambda": deletes * (prices.API_GATEWAY_MILLION_REQUESTS + prices.LAMBDA_MILLION_REQUESTS)
        + deletes * 1e6 * FUNCTION_SECONDS * FUNCTION_GB * prices.LAMBDA_GB_SECOND,
        "CloudFront": million * prices.CLOUDFRONT_MILLION_REQUESTS + gb * prices.CLOUDFRONT_GB_OUT,
        "CloudWatch": million * LINE_KB * (prices.LOGS_GB + prices.LOGS_GB_MONTH)
        + metrics * prices.METRIC_MONTH
        + ALARMS * prices.ALARM_MONTH,
        "Secrets Manager": SECRETS * prices.SECRET_MONTH,
    }


def table(stage: Stage) -> list[str]:
    """Return the rows of the table in Markdown."""
    cpu = cpu_seconds()
    months = {rate: month(rate, stage, cpu) for rate in RATES}
    rows = [[name, *(f"{months[rate][name]:,.0f}" for rate in RATES)] for name in months[0]]
    rows.append(["**total**", *(f"**{sum(months[rate].values()):,.0f}**" for rate in RATES)])
    rows.append(["tasks", *(f"{tasks(rate, stage, cpu)}" for rate in RATES)])
    head = ["dollars a month", *(f"{rate:,}/s" if rate else "idle" for rate in RATES)]
    return [f"| {' | '.join(cells)} |" for cells in [head, ["---", *["--:"] * len(RATES)], *rows]]


if __name__ == "__main__":
    for title, chosen in {"production": PRODUCTION, "staging": STAGING}.items():
        print(f"### {title}\n", *table(chosen), "", sep="\n")
