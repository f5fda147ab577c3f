"""The distribution of ecs/edge.yaml, and errors for unsupported templates."""

from pathlib import Path

import pytest

from picus_api.core.request_target import parse_request_target
from picus_project.local.cloudformation import TemplateError
from picus_project.local.distribution import Distribution, load
from tests.local.edge_harness import SECRETS, TEMPLATE, distribution, parameters

SEVEN = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")


def changed(path: Path, *replacements: tuple[str, str], count: int = -1) -> Path:
    """Write a copy of the template with some words replaced; fail for a word that is not there."""
    text = TEMPLATE.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, count)
    path.write_text(text)
    return path


def test_behaviours_are_the_contracts_in_order() -> None:
    found = [(b.pattern, b.origin.id, b.keeps_host) for b in distribution().behaviours]
    assert found == [
        ("/picus/list", "alb", True),
        ("/picus/list/", "alb", True),
        ("/picus/put", "alb", True),
        ("/picus/put/*", "alb", True),
        ("/picus/get/*", "alb", True),
        ("/picus/*", "api", False),
        ("*", "alb", True),
    ]


def test_every_behaviour_allows_all_seven_methods() -> None:
    assert {behaviour.methods for behaviour in distribution().behaviours} == {SEVEN}


def test_origins_have_their_secrets_and_stage() -> None:
    origins = {b.origin.id: b.origin for b in distribution(alb_port=81, api_port=82).behaviours}
    alb, api = origins["alb"], origins["api"]
    assert (alb.host, alb.port, alb.path, alb.headers) == ("127.0.0.1", 81, "", (("X-Origin-Secret", "alb-secret"),))
    assert (api.host, api.port, api.path, api.headers) == ("127.0.0.1", 82, "/stage", (("x-api-key", "api-secret"),))
    assert (alb.read_seconds, api.read_seconds) == (60, 30)


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/picus/list", "alb"),
        ("/picus/list/", "alb"),
        ("/picus/listing", "api"),
        ("/picus/list/x", "api"),
        ("/picus/put", "alb"),
        ("/picus/put/", "alb"),
        ("/picus/get", "api"),
        ("/picus/get/x", "alb"),
        ("/picus/get/a%2Fb", "alb"),
        ("/picus/get/%2E%2E", "alb"),
        ("/picus/%2E%2E", "api"),
        ("/picus/x", "api"),
        ("/picus/", "api"),
        ("/picus", "alb"),
        ("/", "alb"),
    ],
)
def test_first_match_wins(path: str, origin: str) -> None:
    assert distribution().behaviour(parse_request_target(path)).origin.id == origin


def test_template_without_behaviours_uses_the_default(template_copy: Path) -> None:
    text = TEMPLATE.read_text()
    start, end = text.index("        CacheBehaviors:"), text.index("        DefaultCacheBehavior:")
    template_copy.write_text(text[:start] + text[end:])
    assert distribution(template_copy).behaviour(parse_request_target("/picus/x")).origin.id == "alb"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("OriginRequestPolicyId: b689b0a8", "OriginRequestPolicyId: 00000000", "00000000-53d0-40ab-baf2-68738e2966ac"),
        ("CachePolicyId: 4135ea2d", "CachePolicyId: 658327ea", "658327ea-6df8-44a3-9df3-4b5a84be39ad"),
        ("TargetOriginId: api", "TargetOriginId: apu", "apu"),
        ("DomainName: !Ref AlbHost", "DomainName: !GetAtt Alb.DNSName", "Fn::GetAtt"),
        ("DomainName: !Ref AlbHost", "DomainName: !Ref AlbHist", "AlbHist"),
        ("DomainName: !Ref AlbHost", "DomainName: !Sub '${AWS::Region}'", "AWS::Region"),
        ("DomainName: !Ref AlbHost", "DomainName: !Join ['-', [x]]", "Fn::Join"),
        (
            "secretsmanager:${AlbSecret}${AlbSecretVersion}}}",
            "secretsmanager:${AlbSecret}:SecretString:alb}}",
            "test/alb:SecretString:alb",
        ),
        ("{{resolve:secretsmanager:", "{{resolve:ssm:", "resolve:ssm"),
        ("DomainName: !Ref AlbHost", "DomainNome: !Ref AlbHost", "DomainName"),
        ("Type: AWS::CloudFront::Distribution", "Type: AWS::CloudFront::Function", "AWS::CloudFront::Distribution"),
        ("  ApiPath:\n", "  ApiPfad:\n", "ApiPath"),
        ("Parameters:", "Parameters: [1", "edge.yaml"),
    ],
)
def test_unsupported_template_content_is_named(template_copy: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(TemplateError) as error:
        distribution(changed(template_copy, (old, new), count=1))
    assert named in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "Resources: []", "Resources: {}"])
def test_invalid_template_is_an_error(template_copy: Path, text: str) -> None:
    template_copy.write_text(text)
    with pytest.raises(TemplateError):
        distribution(template_copy)


def test_missing_template_is_named(template_copy: Path) -> None:
    with pytest.raises(TemplateError, match=r"edge\.yaml"):
        distribution(template_copy)


@pytest.mark.parametrize(
    ("name", "value"),
    [("AlbProtocol", "gopher"), ("AlbProtocol", "https-only"), ("ApiPath", "stage"), ("Albhost", "x")],
)
def test_invalid_parameter_is_named(name: str, value: str) -> None:
    with pytest.raises(TemplateError, match=name if value != "https-only" else "alb"):
        loaded({name: value})


def loaded(given: dict[str, str]) -> Distribution:
    return load(TEMPLATE, parameters=parameters(1, 2) | given, secrets=SECRETS)


def test_parameter_without_a_value_is_named() -> None:
    given = parameters(1, 2)
    del given["AlbHost"]
    with pytest.raises(TemplateError, match="AlbHost"):
        load(TEMPLATE, parameters=given, secrets=SECRETS)


def test_sub_is_resolved(template_copy: Path) -> None:
    changed(template_copy, ("OriginPath: !Ref ApiPath", "OriginPath: !Sub '${ApiPath}/${AlbPort}'"))
    origins = {b.origin.id: b.origin for b in distribution(template_copy, alb_port=81).behaviours}
    assert origins["api"].path == "/stage/81"


def test_long_forms_of_functions_are_resolved(template_copy: Path) -> None:
    changed(template_copy, ("DomainName: !Ref AlbHost", "DomainName: {'Fn::Sub': '${AlbHost}'}"))
    assert distribution(template_copy).behaviours[0].origin.host == "127.0.0.1"
