"""Timeouts that only work in a certain order. All in seconds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from picus_project.doctor.findings import Finding, judge

SUBJECT = "timeouts"
# A quota of API Gateway.
API_GATEWAY = 29


class Times(NamedTuple):
    """What is set in which place."""

    edge_keepalive: int
    edge_api_read: int
    balancer_idle: int
    deregistration: int
    stop: int
    function: int
    gunicorn: Mapping[str, Any]


def check(times: Times) -> list[Finding]:
    """Judge each pair: the first must be the shorter."""
    keepalive, graceful = int(times.gunicorn["keepalive"]), int(times.gunicorn["graceful_timeout"])
    return [
        _shorter(
            "CloudFront's keep-alive", times.edge_keepalive, "the load balancer's idle timeout", times.balancer_idle
        ),
        _shorter("the load balancer's idle timeout", times.balancer_idle, "gunicorn's keep-alive", keepalive),
        _shorter("the deregistration delay", times.deregistration, "gunicorn's graceful timeout", graceful),
        _shorter("gunicorn's graceful timeout", graceful, "the task's stop timeout", times.stop),
        _shorter("the function's timeout", times.function, "API Gateway's", API_GATEWAY),
        _shorter("API Gateway's timeout", API_GATEWAY, "CloudFront's for it", times.edge_api_read),
    ]


def _shorter(one: str, short: int, other: str, long: int) -> Finding:
    relation = "is shorter than" if short < long else "must be shorter than"
    return judge(
        SUBJECT, short < long, f"{one} ({short} s) {relation} {other} ({long} s)", "deploy the templates again"
    )
