"""The load balancer: it serves those who know the secret, and asks the service whether it lives, not DynamoDB."""

from collections.abc import Mapping, Sequence
from typing import Any

from picus_project.doctor.findings import Finding, judge

SUBJECT = "load balancer"
FIX = "deploy ecs/service.yaml again"
HEADER = "x-origin-secret"
Rule = Mapping[str, Any]


def check(rules: Sequence[Rule], target_group: Mapping[str, Any], sent: str) -> list[Finding]:
    """Judge DescribeRules' `Rules` of all listeners, their target group, and what CloudFront sends as the secret."""
    path = target_group.get("HealthCheckPath")
    return [
        _closed(rules),
        _asks(rules),
        _knows(rules, sent),
        judge(
            SUBJECT, path == "/__lbheartbeat__", f"its health check asks {path}", f"liveness, /__lbheartbeat__: {FIX}"
        ),
    ]


def _closed(rules: Sequence[Rule]) -> Finding:
    defaults = [rule for rule in rules if rule.get("IsDefault")]
    actions = [", ".join(_action(action) for action in rule.get("Actions", [])) for rule in defaults]
    closed = set(actions) == {"fixed-response 403"}
    return judge(SUBJECT, closed, f"without the secret: {', '.join(dict.fromkeys(actions)) or 'no rule'}", FIX)


def _action(action: Mapping[str, Any]) -> str:
    status = action.get("FixedResponseConfig", {}).get("StatusCode", "")
    return f"{action['Type']} {status}".strip()


def _asks(rules: Sequence[Rule]) -> Finding:
    open_rules = [str(rule.get("Priority")) for rule in rules if _forwards(rule) and not _secrets(rule)]
    return judge(
        SUBJECT, not open_rules, f"rules that forward without a secret: {', '.join(open_rules) or 'none'}", FIX
    )


def _knows(rules: Sequence[Rule], sent: str) -> Finding:
    accepted = {value for rule in rules if _forwards(rule) for value in _secrets(rule)}
    good = bool(sent) and sent in accepted
    says = f"it {'accepts' if good else 'refuses'} the secret that CloudFront sends"
    return judge(SUBJECT, good, says, f"after a rotation deploy both sides: {FIX}, then ecs/edge.yaml")


def _forwards(rule: Rule) -> bool:
    return any(action["Type"] == "forward" for action in rule.get("Actions", []))


def _secrets(rule: Rule) -> list[str]:
    headers = [condition.get("HttpHeaderConfig", {}) for condition in rule.get("Conditions", [])]
    return [
        value
        for entry in headers
        if entry.get("HttpHeaderName", "").lower() == HEADER
        for value in entry.get("Values", [])
    ]
