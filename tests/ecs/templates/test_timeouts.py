"""Timeouts that need an order: CloudFront, load balancer, gunicorn, ECS, API Gateway, function. In seconds."""

import json
import runpy

import pytest

from tests.dynamodb import ROOT
from tests.ecs.templates.template import attributes, properties

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
GATEWAY_SECONDS = 29
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
MOST_STOP_SECONDS = 120


@pytest.fixture
def gunicorn(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    for name in ("WEB_CONCURRENCY", "WEB_THREADS", "PORT"):
        monkeypatch.delenv(name, raising=False)
    return runpy.run_path(str(ROOT / "gunicorn.conf.py"))


def origin(index: int) -> dict[str, int]:
    found = properties("edge", "Distribution")["DistributionConfig"]["Origins"][index]
    config: dict[str, int] = found["CustomOriginConfig"]
    if index == 0:
        # A VPC origin has the same times.
        config = found["CustomOriginConfig"]["Fn::If"][2]
        private = found["VpcOriginConfig"]["Fn::If"][1]
        assert {
            name: config[name] for name in ("OriginReadTimeout", "OriginKeepaliveTimeout")
        }.items() <= private.items()
    return config


def idle_seconds() -> int:
    return int(
        attributes(properties("private-origin", "LoadBalancer"), "LoadBalancerAttributes")[
            "idle_timeout.timeout_seconds"
        ]
    )


def deregistration_seconds() -> int:
    found = attributes(properties("private-origin", "TargetGroup"), "TargetGroupAttributes")
    return int(found["deregistration_delay.timeout_seconds"])


def stop_seconds() -> int:
    [container] = properties("service", "TaskDefinition")["ContainerDefinitions"]
    return int(container["StopTimeout"])


def test_idle_connections_are_closed_by_the_sending_side(gunicorn: dict[str, int]) -> None:
    assert origin(0)["OriginKeepaliveTimeout"] < idle_seconds() < gunicorn["keepalive"]


def test_stopping_task_finishes_requests_before_sigkill(gunicorn: dict[str, int]) -> None:
    assert deregistration_seconds() < gunicorn["graceful_timeout"] < stop_seconds() <= MOST_STOP_SECONDS


def test_cloudfront_waits_as_long_as_the_load_balancer() -> None:
    assert origin(0)["OriginReadTimeout"] == idle_seconds()


def test_function_api_gateway_and_cloudfront_time_out_in_order() -> None:
    function = json.loads((ROOT / "zappa_settings.json").read_text())["base"]["timeout_seconds"]
    assert function < GATEWAY_SECONDS < origin(1)["OriginReadTimeout"]


def test_health_checks_time_out_within_their_intervals() -> None:
    group = properties("private-origin", "TargetGroup")
    assert group["HealthCheckTimeoutSeconds"] < group["HealthCheckIntervalSeconds"]
    [container] = properties("service", "TaskDefinition")["ContainerDefinitions"]
    check = container["HealthCheck"]
    assert check["Timeout"] < check["Interval"]
    assert properties("service", "Service")["HealthCheckGracePeriodSeconds"] >= check["StartPeriod"]
