"""The ECS service: how it is replaced, and what it runs."""

from collections.abc import Mapping
from typing import Any

from picus_project.doctor.findings import Finding, judge

SUBJECT = "service"
FIX = "deploy ecs/service.yaml again"


def check(service: Mapping[str, Any], definition: Mapping[str, Any]) -> list[Finding]:
    """Judge DescribeServices' one service and DescribeTaskDefinition's `taskDefinition`."""
    return [_complete(service), _replacement(service), _breaker(service), _hosts(definition)]


def setting(definition: Mapping[str, Any], name: str) -> str:
    """An environment variable of the task's container; empty where it is not set."""
    entries = container(definition).get("environment", [])
    return next((str(entry["value"]) for entry in entries if entry["name"] == name), "")


def container(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The task's one container."""
    found: Mapping[str, Any] = definition["containerDefinitions"][0]
    return found


def image_tag(definition: Mapping[str, Any]) -> str:
    """The commit that the task's image is tagged by, or nothing."""
    return str(container(definition)["image"]).rpartition("/")[2].partition("@")[0].partition(":")[2]


def _complete(service: Mapping[str, Any]) -> Finding:
    failed = [entry for entry in service.get("deployments", []) if entry.get("rolloutState") == "FAILED"]
    running, desired = service.get("runningCount", 0), service["desiredCount"]
    says = f"{running} of {desired} tasks run{', and a deployment failed' if failed else ''}"
    fix = "aws ecs describe-services says why, in `events`; then make deploy again"
    return judge(SUBJECT, running >= desired > 0 and not failed, says, fix)


def _replacement(service: Mapping[str, Any]) -> Finding:
    how = service.get("deploymentConfiguration", {})
    least, most = how.get("minimumHealthyPercent"), how.get("maximumPercent")
    return judge(SUBJECT, (least, most) == (100, 200), f"while it is replaced, {least} to {most} % of it run", FIX)


def _breaker(service: Mapping[str, Any]) -> Finding:
    breaker = service.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
    good = bool(breaker.get("enable") and breaker.get("rollback"))
    return judge(SUBJECT, good, f"the circuit breaker {'rolls' if good else 'does not roll'} a bad release back", FIX)


def _hosts(definition: Mapping[str, Any]) -> Finding:
    hosts = setting(definition, "ALLOWED_HOSTS")
    good = bool(hosts) and "*" not in hosts
    return judge(SUBJECT, good, f"it answers to {hosts or 'no name'}", f"AllowedHosts in the stage's file: {FIX}")
