"""The CloudFront distribution: which path goes where, with which policies, secrets and timeouts."""

from collections.abc import Mapping
from typing import Any

from picus_project.doctor.findings import Finding, judge

SUBJECT = "edge"
FIX = "deploy ecs/edge.yaml again"
ALB, API = "alb", "api"
# First match wins, and a path is all that is matched.
BEHAVIOURS = (
    ("/picus/list", ALB),
    ("/picus/list/", ALB),
    ("/picus/put", ALB),
    ("/picus/put/*", ALB),
    ("/picus/get/*", ALB),
    ("/picus/*", API),
    ("everything else", ALB),
)
# CloudFront's managed policies have ids only.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
HOST_POLICY = {ALB: ALL_VIEWER, API: ALL_VIEWER_EXCEPT_HOST}
METHODS = {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
CACHEABLE_ERRORS = {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}

Config = Mapping[str, Any]


def check(config: Config) -> list[Finding]:
    """Judge GetDistributionConfig's `DistributionConfig`."""
    behaviours = _behaviours(config)
    return [
        judge(SUBJECT, bool(config["Enabled"]), f"enabled: {config['Enabled']}", FIX),
        _order(behaviours),
        _nothing_cached(behaviours),
        _host(behaviours),
        _methods(behaviours),
        _errors(config),
        _stage(config),
        *(_secret(config, origin, header) for origin, header in ((ALB, "x-origin-secret"), (API, "x-api-key"))),
    ]


def origin(config: Config, name: str) -> Config:
    """One origin; empty where there is none of that name."""
    found: Config = next((entry for entry in _items(config["Origins"]) if entry["Id"] == name), {})
    return found


def secret(config: Config, name: str, header: str) -> str:
    """The value of an origin's custom header; empty where it has none."""
    headers = _items(origin(config, name).get("CustomHeaders", {}))
    return next((str(entry["HeaderValue"]) for entry in headers if entry["HeaderName"].lower() == header), "")


def _order(behaviours: list[Config]) -> Finding:
    found = tuple((entry["PathPattern"], entry["TargetOriginId"]) for entry in behaviours)
    says = "behaviours in order: " + ", ".join(f"{path} to {target}" for path, target in found)
    return judge(SUBJECT, found == BEHAVIOURS, says, FIX)


def _nothing_cached(behaviours: list[Config]) -> Finding:
    cached = [entry["PathPattern"] for entry in behaviours if entry.get("CachePolicyId") != CACHING_DISABLED]
    return judge(SUBJECT, not cached, f"cached: {', '.join(cached) or 'nothing'}", FIX)


def _host(behaviours: list[Config]) -> Finding:
    wrong = [
        entry["PathPattern"]
        for entry in behaviours
        if entry.get("OriginRequestPolicyId") != HOST_POLICY.get(entry["TargetOriginId"])
    ]
    says = "the viewer's Host goes to the load balancer and not to API Gateway"
    return judge(SUBJECT, not wrong, f"{says}: {'wrong for ' + ', '.join(wrong) if wrong else 'so everywhere'}", FIX)


def _methods(behaviours: list[Config]) -> Finding:
    lacking = [entry["PathPattern"] for entry in behaviours if set(_items(entry.get("AllowedMethods", {}))) != METHODS]
    return judge(SUBJECT, not lacking, f"all methods pass{': not for ' + ', '.join(lacking) if lacking else ''}", FIX)


def _errors(config: Config) -> Finding:
    entries = _items(config.get("CustomErrorResponses", {}))
    fresh = {int(entry["ErrorCode"]) for entry in entries if int(entry.get("ErrorCachingMinTTL", 10)) == 0}
    kept = sorted(CACHEABLE_ERRORS - fresh)
    return judge(SUBJECT, not kept, f"errors kept for a while: {', '.join(map(str, kept)) or 'none'}", FIX)


def _stage(config: Config) -> Finding:
    paths = {name: origin(config, name).get("OriginPath", "") for name in (ALB, API)}
    good = paths[ALB] == "" and paths[API].startswith("/") and len(paths[API]) > 1
    says = f"OriginPath is '{paths[API]}' for API Gateway, '{paths[ALB]}' for the load balancer"
    return judge(SUBJECT, good, says, f"the API's stage belongs there, on the API alone: {FIX}")


def _secret(config: Config, name: str, header: str) -> Finding:
    sent = bool(secret(config, name, header))
    return judge(SUBJECT, sent, f"{header} {'is' if sent else 'is not'} sent to the {name} origin", FIX)


def _behaviours(config: Config) -> list[Config]:
    return [
        *_items(config.get("CacheBehaviors", {})),
        {**config["DefaultCacheBehavior"], "PathPattern": BEHAVIOURS[-1][0]},
    ]


def _items(collection: Config) -> list[Any]:
    """CloudFront wraps its lists."""
    return list(collection.get("Items") or [])


def origin_url(config: Config, name: str) -> str:
    """Where CloudFront itself asks an origin, without a slash at the end; raises KeyError for an unknown one."""
    found = origin(config, name)
    custom = found["CustomOriginConfig"]
    secure = custom["OriginProtocolPolicy"] == "https-only"
    port = custom["HTTPSPort" if secure else "HTTPPort"]
    scheme, usual = ("https", 443) if secure else ("http", 80)
    address = found["DomainName"] if int(port) == usual else f"{found['DomainName']}:{port}"
    return f"{scheme}://{address}{found.get('OriginPath', '')}"
