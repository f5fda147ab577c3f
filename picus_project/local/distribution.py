"""The CloudFront distribution of ecs/edge.yaml, as far as it decides about requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from picus_api.core.request_target import RequestTarget
from picus_project.local.cloudformation import Template, TemplateError
from picus_project.local.path_pattern import matches

# CloudFront's managed policies, by the ids in its documentation. No others are supported here.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# The properties that decide where requests go. The others (domain, certificate, logs) matter on AWS only.
ROUTING = ("Origins", "CacheBehaviors", "DefaultCacheBehavior")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A server that gets requests, with the path prefix and headers that the edge adds. Times are in seconds."""

    id: str
    host: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...]
    read_seconds: float
    keep_alive_seconds: float


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """A path pattern and how its requests are handled."""

    pattern: str
    origin: Origin
    methods: tuple[str, ...]
    keeps_host: bool


@dataclass(frozen=True)
class Distribution:
    """The behaviours in order. The last one is the default and matches every path."""

    behaviours: tuple[Behaviour, ...]

    def behaviour(self, target: RequestTarget) -> Behaviour:
        """Return the first behaviour that matches the path."""
        return next(found for found in self.behaviours if matches(found.pattern, target.route_path))


def load(path: Path, *, parameters: Mapping[str, str], secrets: Mapping[str, str]) -> Distribution:
    """Read the distribution of a template. Raises TemplateError for anything that can't be done as CloudFront does."""
    template = Template(path, parameters=parameters, secrets=secrets)
    config = template.properties("AWS::CloudFront::Distribution").get("DistributionConfig", {})
    config = template.resolve({name: config[name] for name in ROUTING if name in config})
    try:
        origins = {entry["Id"]: _origin(entry) for entry in config["Origins"]}
        entries = [*config.get("CacheBehaviors", []), {**config["DefaultCacheBehavior"], "PathPattern": "*"}]
        return Distribution(tuple(_behaviour(entry, origins) for entry in entries))
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateError(f"{path}: the distribution is incomplete: {error!r}") from error


def _origin(entry: Mapping[str, Any]) -> Origin:
    custom = entry["CustomOriginConfig"]
    if custom["OriginProtocolPolicy"] != "http-only":
        raise TemplateError(f"origin {entry['Id']}: the local stand-ins speak http-only")
    return Origin(
        id=entry["Id"],
        host=entry["DomainName"],
        port=int(custom.get("HTTPPort", 80)),
        path=entry.get("OriginPath", ""),
        headers=tuple((h["HeaderName"], h["HeaderValue"]) for h in entry.get("OriginCustomHeaders", [])),
        read_seconds=float(custom.get("OriginReadTimeout", 30)),
        keep_alive_seconds=float(custom.get("OriginKeepaliveTimeout", 5)),
    )


def _behaviour(entry: Mapping[str, Any], origins: Mapping[str, Origin]) -> Behaviour:
    pattern, target, policy = entry["PathPattern"], entry["TargetOriginId"], entry.get("OriginRequestPolicyId")
    if target not in origins:
        raise TemplateError(f"behaviour {pattern}: there is no origin {target}")
    if entry.get("CachePolicyId") != CACHING_DISABLED:
        raise TemplateError(f"behaviour {pattern}: cache policy {entry.get('CachePolicyId')} is not supported here")
    if policy not in (ALL_VIEWER, ALL_VIEWER_EXCEPT_HOST):
        raise TemplateError(f"behaviour {pattern}: origin request policy {policy} is not supported here")
    return Behaviour(
        pattern=pattern,
        origin=origins[target],
        methods=tuple(entry.get("AllowedMethods", ("GET", "HEAD"))),
        keeps_host=policy == ALL_VIEWER,
    )
