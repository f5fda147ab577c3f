"""Region and endpoint are what botocore would use, given the same variables and config file."""

import os
from pathlib import Path

import pytest
from botocore.exceptions import InvalidConfigError, NoRegionError
from botocore.session import Session

from picus_api.core.dynamodb.endpoint import ca_bundle, find_endpoint, regional_url

CONFIG = """
[default]
region = eu-central-1
[profile plain]
region = ap-south-1
[profile elsewhere]
region = ap-south-1
endpoint_url = http://everything.example:1234
[profile service]
region = ap-south-1
endpoint_url = http://everything.example:1234
services = local
[profile ignoring]
region = ap-south-1
endpoint_url = http://everything.example:1234
ignore_configured_endpoint_urls = true
[profile fips]
region = us-west-2
use_fips_endpoint = true
[services local]
dynamodb =
  endpoint_url = http://dynamodb.example
"""

CASES: list[dict[str, str]] = [
    {"AWS_DEFAULT_REGION": "eu-west-1"},
    {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://localhost:8000"},
    {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://localhost:8000",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.example",
    },
    {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.example",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    },
    {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ENDPOINT_URL": ""},
    {"AWS_DEFAULT_REGION": "us-east-2", "AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_DEFAULT_REGION": "us-east-2", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    {"AWS_CONFIG_FILE": "config"},
    {"AWS_CONFIG_FILE": "config", "AWS_DEFAULT_REGION": "eu-west-1"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "plain"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "plain", "AWS_DEFAULT_REGION": "eu-west-1"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "elsewhere"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "elsewhere", "AWS_ENDPOINT_URL": "http://localhost:1"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "service"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "ignoring"},
    {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "fips"},
]


def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.delenv("AWS_REGION")
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / "config") if name == "AWS_CONFIG_FILE" else value)


@pytest.mark.parametrize("variables", CASES, ids=lambda case: " ".join(f"{k}={v}" for k, v in case.items()))
def test_endpoint_equals_botocores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str]) -> None:
    use(monkeypatch, tmp_path, variables)
    theirs = Session().create_client("dynamodb").meta
    ours = find_endpoint()
    assert (ours.url, ours.region) == (theirs.endpoint_url, theirs.region_name)


def test_every_region_of_every_partition_has_botocores_endpoint() -> None:
    """Ask the endpoint rules of one client for each region: plain, FIPS, dual-stack, both."""
    session = Session()
    compared = 0
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("dynamodb", partition):
            for fips, dual_stack in ((False, False), (True, False), (False, True), (True, True)):
                theirs = resolve(session, region, fips, dual_stack)
                assert theirs in (regional_url(region, fips=fips, dual_stack=dual_stack), "unsupported"), region
                compared += theirs != "unsupported"
    assert compared > 100


def resolve(session: Session, region: str, fips: bool, dual_stack: bool) -> str:
    from botocore.endpoint_provider import EndpointProvider
    from botocore.exceptions import EndpointProviderError

    loader = session.get_component("data_loader")
    rules = loader.load_service_model("dynamodb", "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    try:
        found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack)
    except EndpointProviderError:
        return "unsupported"
    return str(found.url)


def test_aws_region_comes_before_aws_default_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """All SDKs but boto read AWS_REGION too. Lambda and ECS set both to the same value."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert find_endpoint().region == "eu-west-1"


def test_arguments_come_before_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:1")
    endpoint = find_endpoint("https://LOCALHOST/base/", "eu-west-3")
    assert endpoint == ("https", "localhost", 443, "/base/", "eu-west-3")


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://localhost", "localhost"),
        ("http://localhost:80/", "localhost"),
        ("http://localhost:443", "localhost:443"),
        ("https://localhost:443", "localhost"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_the_host_header_has_a_port_only_if_it_must(url: str, authority: str) -> None:
    assert find_endpoint(url).authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://localhost",
        "http://",
        "http://localhost:port",
        "http://localhost:99999",
        "http://user@localhost",
        "http://localhost/?a=b",
        "//localhost",
        "http://local host",
        "http://a/b c",
    ],
)
def test_malformed_endpoint_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidConfigError, match="URL"):
        find_endpoint(url)


def test_no_region_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(NoRegionError):
        find_endpoint("http://localhost:8000")


def test_fips_with_custom_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "True")
    with pytest.raises(InvalidConfigError, match="FIPS"):
        find_endpoint("http://localhost:8000")


def test_the_ca_bundle_is_the_one_that_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert ca_bundle() is None
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "third")
    assert ca_bundle() == "third"
    (tmp_path / "config").write_text("[default]\nca_bundle = second\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.fspath(tmp_path / "config"))
    assert ca_bundle() == "second"
    monkeypatch.setenv("AWS_CA_BUNDLE", "first")
    assert ca_bundle() == "first"
