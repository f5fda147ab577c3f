"""Print the cost of a month of one stage, as the table of docs/cost.md: ``python -m ecs.cost``.

The CPU of a request is what bench/RESULTS.md measured. Prices are AWS's list prices of us-east-1 without free tiers.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parent.parent / "bench" / "RESULTS.md"
HOURS = 730
SECONDS = HOURS * 3600
RATES = (0, 1, 100, 1000)
# Of the requests: mostly reads, of items of up to 1 KB. A DELETE goes through API Gateway and the function.
SHARES = {"get": 0.80, "put": 0.15, "delete": 0.05}
RESPONSE_KB, LINE_KB = 1.5, 0.9  # a response with its header, and a request line with its metrics
# Targets of ecs/scaling.yaml, and the size of a task in ecs/service.yaml.
TARGET_CPU, TARGET_REQUESTS, VCPU, MEMORY_GB = 0.5, 100, 0.5, 1
FUNCTION_SECONDS, FUNCTION_GB = 0.01, 0.5
ITEM_GB = 1  # of the table


class Prices(NamedTuple):
    """Dollars, us-east-1. The pages are aws.amazon.com/<name>/pricing."""

    vcpu_hour: float = 0.03238  # fargate, Linux on ARM
    gb_hour: float = 0.00356
    address_hour: float = 0.005  # vpc: a public IPv4 address
    balancer_hour: float = 0.0225  # elasticloadbalancing
    lcu_hour: float = 0.008
    read_million: float = 0.125  # dynamodb, on demand
    write_million: float = 0.625
    table_gb: float = 0.25 + 0.20  # storage and point-in-time recovery
    gateway_million: float = 3.50  # api-gateway, REST
    function_million: float = 0.20  # lambda
    function_gb_second: float = 0.0000166667
    edge_million: float = 1.00  # cloudfront, HTTPS requests of North America
    edge_gb: float = 0.085
    log_gb: float = 0.50 + 0.03  # cloudwatch, ingestion and a month of storage
    metric: float = 0.30
    alarm: float = 0.10
    secret: float = 0.40  # secrets-manager


PRICES = Prices()
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
    measured: dict[str, float] = {}
    for name, cells in rows:
        # The first table of the page is the newest.
        measured.setdefault(name, float(cells.split(" | ")[2].split()[0].replace(",", "")) / 1e6)
    if measured.keys() != {"get", "put"}:
        raise LookupError(f"{RESULTS} has no rows of get and put for Picus")
    return measured


def tasks(rate: float, stage: Stage, cpu: dict[str, float]) -> int:
    """Return how many tasks autoscaling starts for a rate of requests a second."""
    busy = sum(rate * SHARES[name] * cpu[name] for name in cpu)
    served = rate * (1 - SHARES["delete"])
    return max(stage.min_tasks, math.ceil(busy / TARGET_CPU / VCPU), math.ceil(served / TARGET_REQUESTS))


def month(rate: float, stage: Stage, cpu: dict[str, float]) -> dict[str, float]:
    """Return the dollars of a month by service, at a rate of requests a second all the time."""
    million, gb = rate * SECONDS / 1e6, rate * SECONDS * RESPONSE_KB / 1e6
    reads, writes, deletes = (million * SHARES[name] for name in ("get", "put", "delete"))
    running = tasks(rate, stage, cpu)
    lcus = max(rate / 25, rate * RESPONSE_KB * 3600 / 1e6)  # new connections, or GB an hour
    metrics = FIXED_METRICS + (INSIGHTS_METRICS if stage.has_insights else 0)
    p = PRICES
    return {
        "Fargate": running * HOURS * (VCPU * p.vcpu_hour + MEMORY_GB * p.gb_hour + p.address_hour),
        "load balancer": HOURS * (p.balancer_hour + lcus * p.lcu_hour),
        # A consistent read of 4 KB and a write of 1 KB are a unit each.
        "DynamoDB": reads * p.read_million + (writes + deletes) * p.write_million + ITEM_GB * p.table_gb,
        "API Gateway and Lambda": deletes * (p.gateway_million + p.function_million)
        + deletes * 1e6 * FUNCTION_SECONDS * FUNCTION_GB * p.function_gb_second,
        "CloudFront": million * p.edge_million + gb * p.edge_gb,
        "CloudWatch": million * LINE_KB * p.log_gb + metrics * p.metric + ALARMS * p.alarm,
        "Secrets Manager": SECRETS * p.secret,
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
