"""Parts of ecs/edge.yaml that the local edge does not have; tests/local tests order and policies of the behaviours."""

from typing import Any

import pytest

from tests.ecs.templates.template import properties, template

# All codes that CloudFront accepts in CustomErrorResponses.
CACHEABLE_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"


def distribution() -> dict[str, Any]:
    config: dict[str, Any] = properties("edge", "Distribution")["DistributionConfig"]
    return config


def behaviours() -> list[dict[str, Any]]:
    return [*distribution()["CacheBehaviors"], distribution()["DefaultCacheBehavior"]]


def test_no_error_is_cached_or_gets_another_body() -> None:
    responses = distribution()["CustomErrorResponses"]
    assert responses == [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in CACHEABLE_ERRORS]


def test_every_behaviour_adds_security_headers_and_uses_https() -> None:
    assert {entry["ResponseHeadersPolicyId"] for entry in behaviours()} == {SECURITY_HEADERS}
    assert {entry["ViewerProtocolPolicy"] for entry in behaviours()} == {"redirect-to-https"}


def test_only_the_api_origin_has_the_stage_as_path() -> None:
    alb, api = distribution()["Origins"]
    assert (api["Id"], api["OriginPath"]) == ("api", {"Ref": "ApiPath"})
    assert "OriginPath" not in alb


@pytest.mark.parametrize("index", [0, 1])
def test_origins_are_called_with_at_least_tls_1_2(index: int) -> None:
    assert distribution()["Origins"][index]["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_custom_domain_needs_at_least_tls_1_2() -> None:
    condition, own, default = distribution()["ViewerCertificate"]["Fn::If"]
    assert template("edge")["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}],
    }
    assert (own["MinimumProtocolVersion"], own["SslSupportMethod"]) == ("TLSv1.2_2021", "sni-only")
    assert default == {"CloudFrontDefaultCertificate": True}
    assert distribution()["Aliases"] == {
        "Fn::If": [condition, [{"Ref": "CustomDomain"}], {"Ref": "AWS::NoValue"}],
    }


def test_http_3_is_on_and_logs_have_no_cookies() -> None:
    assert distribution()["HttpVersion"] == "http2and3"
    assert distribution()["Logging"] == {
        "Bucket": {"Fn::GetAtt": "AccessLogs.DomainName"},
        "IncludeCookies": False,
    }
    # CloudFront requires a bucket that accepts access control lists.
    ownership = properties("edge", "AccessLogs")["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerPreferred"}]
