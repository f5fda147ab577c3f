"""TLS between CloudFront and the load balancer, on a stage that runs."""

from collections.abc import Iterator

import pytest

from picus_project.doctor.findings import OK
from tests.doctor.conftest import Diagnose
from tests.doctor.deployed import COMMIT, Deployed

CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0a1b2c3d-0000-0000-0000-000000000000"


def listeners(stage: Deployed) -> dict[int, str]:
    """Their ARNs, by port."""
    found = stage.client("elbv2").describe_listeners(LoadBalancerArn=stage["LoadBalancerArn"])["Listeners"]
    return {entry["Port"]: entry["ListenerArn"] for entry in found}


def release(stage: Deployed, **certificate: str) -> None:
    image = f"{stage['RepositoryUri']}:{COMMIT}"
    stage.apply("service", ImageUri=image, Commit=COMMIT, CloudFrontPrefixListId="pl-3b927c52", **certificate)


@pytest.fixture
def plain(stage: Deployed) -> Iterator[dict[int, str]]:
    """The listeners before, and after as before."""
    yield listeners(stage)
    release(stage, AlbDomain="", AlbCertificateArn="")


def test_it_comes_beside_the_listener_that_cloudfront_asks_and_is_closed_as_that_one(
    stage: Deployed, plain: dict[int, str], diagnose: Diagnose
) -> None:
    release(stage, AlbDomain="alb.example.com", AlbCertificateArn=CERTIFICATE)
    both = listeners(stage)
    assert both.keys() == {80, 443}
    assert both[80] == plain[80]
    assert [str(finding) for finding in diagnose() if finding.verdict != OK] == []
    assert (stage["AlbHost"], stage["AlbPort"], stage["AlbProtocol"]) == ("alb.example.com", "443", "https-only")
