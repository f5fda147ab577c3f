"""The CloudFront distribution that ecs/edge.yaml describes, as far as requests can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from picus_project.local.cloudformation import TemplateError, properties, resolve
from picus_project.local.matching import matches

# CloudFront's managed policies, by their ids in its documentation. Nothing else is understood here.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# What of a distribution decides where requests go. The rest (domain, certificate, logs) is for AWS alone.
ROUTING = ("Origins", "CacheBehaviors", "DefaultCacheBehavior")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where requests go, and what they carry there. Times are in seconds."""

    id: str
    host: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...]
    read_seconds: float
    keep_alive_seconds: float


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What happens to the paths that match a pattern."""

    pattern: str
    origin: Origin
    methods: tuple[str, ...]
    keeps_host: bool


@dataclass(frozen=True)
class Distribution:
    """The behaviours in their order; the last one is the default and matches everything."""

    behaviours: tuple[Behaviour, ...]

    def behaviour(self, path: str) -> Behaviour:
        """The first behaviour that matches the raw path, which begins with a slash."""
        return next(found for found in self.behaviours if matches(found.pattern, path))


def load(path: Path, *, parameters: Mapping[str, str], secrets: Mapping[str, str]) -> Distribution:
    """Reads the template. Raises TemplateError for whatever the twin can't do just as CloudFront would."""
    found, declared = properties(path, "AWS::CloudFront::Distribution")
    try:
        routing = {name: value for name, value in found["DistributionConfig"].items() if name in ROUTING}
        config = resolve(routing, declared, parameters=parameters, secrets=secrets)
        origins = {entry["Id"]: _origin(entry) for entry in config["Origins"]}
        entries = [*config.get("CacheBehaviors", []), {**config["DefaultCacheBehavior"], "PathPattern": "*"}]
        return Distribution(tuple(_behaviour(entry, origins) for entry in entries))
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateError(f"{path}: the distribution is incomplete: {error!r}") from error


def _origin(entry: Mapping[str, Any]) -> Origin:
    custom = entry["CustomOriginConfig"]
    if custom["OriginProtocolPolicy"] != "http-only":
        raise TemplateError(f"origin {entry['Id']}: only http-only can be spoken to the local stand-ins")
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
    pattern, target = entry["PathPattern"], entry["TargetOriginId"]
    if target not in origins:
        raise TemplateError(f"behaviour {pattern}: there is no origin {target}")
    if entry.get("CachePolicyId") != CACHING_DISABLED:
        raise TemplateError(f"behaviour {pattern}: cache policy {entry.get('CachePolicyId')} is not understood here")
    policy = entry.get("OriginRequestPolicyId")
    if policy not in (ALL_VIEWER, ALL_VIEWER_EXCEPT_HOST):
        raise TemplateError(f"behaviour {pattern}: origin request policy {policy} is not understood here")
    return Behaviour(
        pattern=pattern,
        origin=origins[target],
        methods=tuple(entry.get("AllowedMethods", ("GET", "HEAD"))),
        keeps_host=policy == ALL_VIEWER,
    )
