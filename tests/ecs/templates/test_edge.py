"""Parts of ecs/edge.yaml that the local edge does not have; tests/local tests order and policies of the behaviours."""

import json
from typing import Any

from ecs.deploy import stacks
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


def test_private_origin_has_no_secret_and_public_ones_use_tls() -> None:
    alb, api = distribution()["Origins"]
    nothing = {"Ref": "AWS::NoValue"}
    assert alb["VpcOriginConfig"]["Fn::If"][::2] == ["IsPrivate", nothing]
    assert alb["VpcOriginConfig"]["Fn::If"][1]["VpcOriginId"] == {"Ref": "VpcOriginId"}
    assert alb["OriginCustomHeaders"]["Fn::If"][:2] == alb["CustomOriginConfig"]["Fn::If"][:2] == ["IsPrivate", nothing]
    public = alb["CustomOriginConfig"]["Fn::If"][2]
    assert public["OriginSSLProtocols"] == api["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert template("edge")["Parameters"]["VpcOriginId"]["Default"] == ""


def test_firewall_is_optional_and_leaves_items_alone() -> None:
    assert distribution()["WebACLId"] == {"Fn::If": ["HasFirewall", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]}
    acl = properties("firewall", "WebAcl")
    assert (acl["Scope"], acl["DefaultAction"]) == ("CLOUDFRONT", {"Allow": {}})
    bodies = [json.loads(entry["Content"]) for entry in acl["CustomResponseBodies"].values()]
    assert [list(body) for body in bodies] == [["error", "code"]] * 2
    [common] = [rule for rule in acl["Rules"] if rule.get("Name") == "common"]
    overrides = common["Statement"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]
    assert {tuple(entry["ActionToUse"]) for entry in overrides} == {("Count",)}
    assert len([entry for entry in overrides if entry["Name"].endswith("_BODY")]) == 5


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


def test_http_3_is_on_and_access_logs_have_no_query_or_cookie() -> None:
    assert distribution()["HttpVersion"] == "http2and3"
    assert "Logging" not in distribution()
    fields = template("edge-monitoring")["Parameters"]["AccessLogFields"]["Default"].split(",")
    assert not {"cs-uri-query", "cs(Cookie)", "cs(Referer)"} & set(fields)
    assert {"cs-uri-stem", "x-edge-request-id", "c-ip", "sc-status"} <= set(fields)
    delivery = properties("edge-monitoring", "Delivery")
    assert delivery["RecordFields"] == {"Ref": "AccessLogFields"}
    assert delivery["DeliverySourceName"] == properties("edge-monitoring", "Source")["Name"]
    assert properties("edge-monitoring", "Source")["LogType"] == "ACCESS_LOGS"


def test_stacks_of_us_east_1_are_made_there() -> None:
    assert stacks.region_options("picus-staging-edge-monitoring") == ("--region", "us-east-1")
    assert stacks.region_options("picus-staging-firewall") == ("--region", "us-east-1")
    assert stacks.region_options("picus-staging-edge") == ()
