"""Find the endpoint of DynamoDB by AWS's rules for region and endpoint, in the order in which SDKs apply them.

Environment variables are read directly. botocore reads the shared config file, only if there is one: a function that
starts cold has none and loads nothing. test_endpoint.py compares the result with botocore's client. Left out: proxies
(HTTPS_PROXY), and the endpoints per account that newer SDKs prefer; the regional endpoint serves every account.
"""

import os
from collections.abc import Mapping
from os import environ
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import InvalidConfigError, NoRegionError

# By the region's prefix: the partition's domain, and the one of its dual-stack endpoints. Source: botocore's
# data/partitions.json. Everything else, GovCloud included, is in the first.
DEFAULT_SUFFIXES = ("amazonaws.com", "api.aws")
SUFFIXES = {
    "cn-": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "eusc-": ("amazonaws.eu", "api.amazonwebservices.eu"),
    "us-iso-": ("c2s.ic.gov", "api.aws.ic.gov"),
    "us-isob-": ("sc2s.sgov.gov", "api.aws.scloud"),
    "eu-isoe-": ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    "us-isof-": ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
}
DEFAULT_PORTS = {"http": 80, "https": 443}


class Endpoint(NamedTuple):
    """The address of DynamoDB, and the region to sign for."""

    scheme: str
    host: str
    port: int
    path: str
    region: str

    @property
    def authority(self) -> str:
        """Return the Host field: without the port if it is the default of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL of the endpoint as AWS's tools write it."""
        return f"{self.scheme}://{self.authority}{self.path.rstrip('/')}"


class SharedConfig(NamedTuple):
    """The settings of the shared config file for the profile in use."""

    profile: Mapping[str, Any] = {}
    services: Mapping[str, Any] = {}


def find_endpoint(url: str | None = None, region: str | None = None) -> Endpoint:
    """Return the endpoint for a URL and a region; the default is AWS's variables and config file.

    Raises botocore's NoRegionError, or InvalidConfigError for a combination that is impossible or an invalid URL.
    """
    config = shared_config()
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or config.profile.get("region")
    if not region:
        raise NoRegionError()
    fips = _flag("AWS_USE_FIPS_ENDPOINT", config, "use_fips_endpoint")
    dual_stack = _flag("AWS_USE_DUALSTACK_ENDPOINT", config, "use_dualstack_endpoint")
    url = url or _configured_url(config)
    if url and (fips or dual_stack):
        raise InvalidConfigError(error_msg="FIPS and dual-stack endpoints can't be combined with an endpoint URL")
    return _parse(url or regional_url(region, fips=fips, dual_stack=dual_stack), region)


def regional_url(region: str, *, fips: bool = False, dual_stack: bool = False) -> str:
    """Return the URL of DynamoDB's regional endpoint."""
    suffixes = next((each for prefix, each in SUFFIXES.items() if region.startswith(prefix)), DEFAULT_SUFFIXES)
    service = "dynamodb-fips" if fips and (dual_stack or not region.startswith("us-gov-")) else "dynamodb"
    return f"https://{service}.{region}.{suffixes[dual_stack]}"


def ca_bundle() -> str | None:
    """Return the CA bundle that AWS's variables or config file name, if any."""
    return environ.get("AWS_CA_BUNDLE") or shared_config().profile.get("ca_bundle") or environ.get("REQUESTS_CA_BUNDLE")


def shared_config() -> SharedConfig:
    """Read the shared config file with botocore, if there is one or a profile asks for it."""
    path = os.path.expanduser(environ.get("AWS_CONFIG_FILE") or "~/.aws/config")  # noqa: PTH111
    has_file = os.path.exists(path)  # noqa: PTH110 - pathlib costs a cold start milliseconds
    if not (has_file or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")):
        return SharedConfig()
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    profile = session.get_scoped_config()
    services = session.full_config.get("services", {}).get(profile.get("services"), {})
    return SharedConfig(profile, services)


def _configured_url(config: SharedConfig) -> str | None:
    if _flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", config, "ignore_configured_endpoint_urls"):
        return None
    return (
        environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        or environ.get("AWS_ENDPOINT_URL")
        or config.services.get("dynamodb", {}).get("endpoint_url")
        or config.profile.get("endpoint_url")
    )


def _flag(variable: str, config: SharedConfig, setting: str) -> bool:
    return str(environ.get(variable) or config.profile.get(setting, "")).lower() == "true"


def _parse(url: str, region: str) -> Endpoint:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise InvalidConfigError(error_msg=f"not an http or https URL: {url!r}") from None
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise InvalidConfigError(error_msg=f"not the plain URL of an endpoint: {url!r}")
    return Endpoint(parts.scheme, parts.hostname, port, parts.path or "/", region)
