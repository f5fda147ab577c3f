"""What of ecs/edge.yaml the local edge twin can't show; the behaviours' order and policies are in tests/local."""

from typing import Any

import pytest

from tests.templates.template import properties, template

# All that CloudFront takes in CustomErrorResponses.
CACHEABLE_ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"


def distribution() -> dict[str, Any]:
    config: dict[str, Any] = properties("edge", "Distribution")["DistributionConfig"]
    return config


def behaviours() -> list[dict[str, Any]]:
    return [*distribution()["CacheBehaviors"], distribution()["DefaultCacheBehavior"]]


def test_no_error_is_cached_and_none_gets_another_body() -> None:
    responses = distribution()["CustomErrorResponses"]
    assert responses == [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in CACHEABLE_ERRORS]


def test_every_behaviour_adds_security_headers_and_leaves_plain_http() -> None:
    assert {entry["ResponseHeadersPolicyId"] for entry in behaviours()} == {SECURITY_HEADERS}
    assert {entry["ViewerProtocolPolicy"] for entry in behaviours()} == {"redirect-to-https"}


def test_the_stage_is_the_api_origins_path_alone() -> None:
    alb, api = distribution()["Origins"]
    assert (api["Id"], api["OriginPath"]) == ("api", {"Ref": "ApiPath"})
    assert "OriginPath" not in alb


@pytest.mark.parametrize("index", [0, 1])
def test_origins_are_spoken_to_with_tls_1_2_at_least(index: int) -> None:
    assert distribution()["Origins"][index]["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]


def test_a_domain_of_ones_own_gets_tls_1_2_at_least_and_without_one_there_is_no_alias() -> None:
    condition, own, default = distribution()["ViewerCertificate"]["Fn::If"]
    assert template("edge")["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}],
    }
    assert (own["MinimumProtocolVersion"], own["SslSupportMethod"]) == ("TLSv1.2_2021", "sni-only")
    assert default == {"CloudFrontDefaultCertificate": True}
    assert distribution()["Aliases"] == {
        "Fn::If": [condition, [{"Ref": "CustomDomain"}], {"Ref": "AWS::NoValue"}],
    }


def test_viewers_may_speak_http_2_and_3_and_each_request_is_logged_without_cookies() -> None:
    assert distribution()["HttpVersion"] == "http2and3"
    assert distribution()["Logging"] == {
        "Bucket": {"Fn::GetAtt": "AccessLogs.DomainName"},
        "IncludeCookies": False,
    }
    # CloudFront refuses a bucket that takes no access control list.
    ownership = properties("edge", "AccessLogs")["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerPreferred"}]
