"""TLS between CloudFront and the load balancer, added to a running stage."""

from collections.abc import Iterator

import pytest

from ecs.doctor.findings import OK
from tests.ecs.doctor.conftest import Examine
from tests.ecs.doctor.emulated_stage import EmulatedStage

CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0a1b2c3d-0000-0000-0000-000000000000"


def listeners(stage: EmulatedStage) -> dict[int, str]:
    """Return the ARNs of the listeners by port."""
    found = stage.client("elbv2").describe_listeners(LoadBalancerArn=stage["LoadBalancerArn"])["Listeners"]
    return {entry["Port"]: entry["ListenerArn"] for entry in found}


@pytest.fixture
def plain_listeners(stage: EmulatedStage) -> Iterator[dict[int, str]]:
    """Return the listeners without TLS, and restore them at the end."""
    yield listeners(stage)
    stage.release(AlbDomain="", AlbCertificateArn="")


def test_certificate_adds_a_protected_listener_on_443(
    stage: EmulatedStage, plain_listeners: dict[int, str], examine_stage: Examine
) -> None:
    stage.release(AlbDomain="alb.example.com", AlbCertificateArn=CERTIFICATE)
    both = listeners(stage)
    assert both.keys() == {80, 443}
    assert both[80] == plain_listeners[80]
    assert [str(finding) for finding in examine_stage() if finding.verdict != OK] == []
    assert (stage["AlbHost"], stage["AlbPort"], stage["AlbProtocol"]) == ("alb.example.com", "443", "https-only")
