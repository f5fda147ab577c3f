"""AWS's prices, dated, and what a number of requests costs by them. Import this module instead of copying a price.

In US dollars, for us-east-1, on demand, without free tiers and taxes. The prices are those of AWS's pricing pages
(linked below) in the spring of 2026: check them before you rely on a sum. cost.py computes docs/cost.md from them.
"""

AS_OF = "April 2026"
REGION = "us-east-1"

# https://aws.amazon.com/fargate/pricing/: Linux on ARM, as in ecs/service.yaml. x86 costs 0.04048 and 0.004445.
FARGATE_VCPU_HOUR = 0.03238
FARGATE_GB_HOUR = 0.00356
# https://aws.amazon.com/dynamodb/pricing/on-demand/: the standard table class.
DYNAMODB_MILLION_READ_UNITS = 0.125
DYNAMODB_MILLION_WRITE_UNITS = 0.625
DYNAMODB_GB_MONTH = 0.25
DYNAMODB_BACKUP_GB_MONTH = 0.20  # point-in-time recovery
# https://aws.amazon.com/lambda/pricing/: x86.
LAMBDA_MILLION_REQUESTS = 0.20
LAMBDA_GB_SECOND = 0.0000166667
# https://aws.amazon.com/api-gateway/pricing/: REST, the first 333 million a month.
API_GATEWAY_MILLION_REQUESTS = 3.50
# https://aws.amazon.com/cloudfront/pricing/: United States and Europe, HTTPS, the first 10 TB a month.
CLOUDFRONT_MILLION_REQUESTS = 1.00
CLOUDFRONT_GB_OUT = 0.085
# https://aws.amazon.com/elasticloadbalancing/pricing/ and https://aws.amazon.com/vpc/pricing/
ALB_HOUR = 0.0225
ALB_CAPACITY_UNIT_HOUR = 0.008
PUBLIC_IPV4_HOUR = 0.005
# https://aws.amazon.com/cloudwatch/pricing/: logs of the standard class.
LOGS_GB = 0.50
LOGS_GB_MONTH = 0.03  # stored
METRIC_MONTH, ALARM_MONTH = 0.30, 0.10
# https://aws.amazon.com/secrets-manager/pricing/
SECRET_MONTH = 0.40

GB_PER_VCPU = 2
"""The tasks of ecs/service.yaml have half a vCPU and 1 GB."""
UTILIZATION = 0.5
"""Share of the paid CPU that requests use: the CPU target of ecs/scaling.yaml."""
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024


def fargate_dollars(cpu_seconds: float) -> float:
    """Return the Fargate price in dollars of ``cpu_seconds`` of CPU at ``UTILIZATION``, the task's memory included."""
    return cpu_seconds / 3600 * (FARGATE_VCPU_HOUR + GB_PER_VCPU * FARGATE_GB_HOUR) / UTILIZATION


def read_units(size: float) -> float:
    """Return the units of a read with strong consistency: of an item, or of a page, whose bytes count together."""
    return -(-size // READ_UNIT_BYTES)


def write_units(size: float) -> float:
    """Return the units of a plain write. A transaction, as for an Idempotency-Key, takes twice as many."""
    return -(-size // WRITE_UNIT_BYTES)
