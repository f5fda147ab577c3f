"""Check that the roles in use allow exactly the DynamoDB calls of the code, including policies that operators added."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ecs.doctor.findings import Finding, judge

SUBJECT = "roles"
# What each compute calls while it serves; tests/ecs/templates/test_roles.py compares ecs/roles.yaml with the calls.
SERVICE_ACTIONS = frozenset(
    f"dynamodb:{name}"
    for name in ("BatchGetItem", "BatchWriteItem", "DescribeTable", "GetItem", "PutItem", "Query", "Scan")
)
INDEX_ACTIONS = frozenset({"dynamodb:Query"})
# A transaction needs the permissions of its writes.
IDEMPOTENCY_ACTIONS = frozenset({"dynamodb:PutItem"})
FUNCTION_ACTIONS = frozenset({"dynamodb:DeleteItem"})
TOKEN_ACTIONS = frozenset({"dynamodb:GetItem"})
FIX = "deploy ecs/roles.yaml, and remove the policies that it does not have"
Permission = tuple[str, str]


def check_role(subject: str, policies: Iterable[Mapping[str, Any]], needed: Mapping[str, frozenset[str]]) -> Finding:
    """Judge the policy documents of one role. `needed` is the set of actions by the ARN of a table."""
    wanted = {(action, arn) for arn, actions in needed.items() for action in actions}
    granted = {found for policy in policies for found in _permissions(policy) if _matters(found[0])}
    problems = [f"lacks {_names(wanted - granted)}"] if wanted - granted else []
    problems += [f"also allows {_names(granted - wanted)}"] if granted - wanted else []
    return judge(subject, not problems, f"it {' and '.join(problems) or 'allows just what is needed'}", FIX)


def _permissions(policy: Mapping[str, Any]) -> Iterator[Permission]:
    """Yield what a policy allows, action by resource. NotAction and NotResource count as everything."""
    for statement in _as_list(policy["Statement"]):
        if statement["Effect"] == "Allow":
            for action in _as_list(statement.get("Action", "*")):
                yield from ((action, resource) for resource in _as_list(statement.get("Resource", "*")))


def _matters(action: str) -> bool:
    return "*" in action or action.lower().startswith("dynamodb:")


def _names(permissions: set[Permission]) -> str:
    return ", ".join(f"{action} on {arn.rpartition('/')[2]}" for action, arn in sorted(permissions))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
