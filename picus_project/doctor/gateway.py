"""API Gateway: regional, behind its key, throttled by a usage plan."""

from collections.abc import Mapping, Sequence
from typing import Any

from picus_project.doctor.findings import Finding, judge

SUBJECT = "API Gateway"
FIX = "make deploy again"


def check(
    api: Mapping[str, Any],
    resources: Sequence[Mapping[str, Any]],
    plans: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    sent: str,
) -> list[Finding]:
    """Judge a REST API, its resources with methods, its usage plans, their keys, and the key that CloudFront sends."""
    types = api.get("endpointConfiguration", {}).get("types", [])
    throttled = any(plan.get("throttle") for plan in plans)
    fits = bool(sent) and sent in keys
    return [
        judge(SUBJECT, types == ["REGIONAL"], f"its endpoint is {', '.join(types)}", f"must be REGIONAL: {FIX}"),
        _locked(resources),
        judge(SUBJECT, bool(plans), f"usage plans for it: {len(plans)}", "deploy ecs/api.yaml"),
        judge(SUBJECT, throttled, f"it is {'' if throttled else 'not '}throttled", "deploy ecs/api.yaml"),
        judge(
            SUBJECT,
            fits,
            f"it {'accepts' if fits else 'refuses'} the key that CloudFront sends",
            "deploy ecs/edge.yaml",
        ),
    ]


def _locked(resources: Sequence[Mapping[str, Any]]) -> Finding:
    methods = [
        (f"{method} {resource['path']}", details)
        for resource in resources
        for method, details in resource.get("resourceMethods", {}).items()
    ]
    unlocked = [name for name, details in methods if not details.get("apiKeyRequired")]
    says = f"methods without the key: {', '.join(unlocked) or ('none' if methods else 'no methods at all')}"
    return judge(SUBJECT, bool(methods) and not unlocked, says, "api_key_required in zappa_settings.json: " + FIX)
