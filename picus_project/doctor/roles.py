"""The roles grant what the code calls on the one table, no less and no more."""

from collections.abc import Iterable, Mapping
from typing import Any

from picus_project.doctor.findings import Finding, judge

# What each compute calls while it serves. Whoever makes one of them call more adds it here and in ecs/roles.yaml.
SERVICE_ACTIONS = frozenset({"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"})
FUNCTION_ACTIONS = frozenset({"dynamodb:DeleteItem"})

FIX = "deploy ecs/roles.yaml again, and detach policies that it does not have"
Statement = Mapping[str, Any]


def check(subject: str, policies: Iterable[Mapping[str, Any]], needed: frozenset[str], table_arn: str) -> list[Finding]:
    """Judge all policy documents of one role, inline and attached."""
    allowed = [statement for policy in policies for statement in _list(policy["Statement"]) if _allows(statement)]
    on_table = [statement for statement in allowed if _about_dynamodb(statement)]
    return [_actions(subject, on_table, needed), _resources(subject, on_table, table_arn), _narrow(subject, allowed)]


def _actions(subject: str, statements: list[Statement], needed: frozenset[str]) -> Finding:
    granted = {action for statement in statements for action in _actions_of(statement)}
    more, less = sorted(granted - needed), sorted(needed - granted)
    if not more and not less:
        return judge(subject, True, f"it may {', '.join(sorted(needed))}", FIX)
    parts = [f"lacks {', '.join(less)}" if less else "", f"has {', '.join(more)} too" if more else ""]
    return judge(subject, False, f"it {' and '.join(filter(None, parts))}", FIX)


def _resources(subject: str, statements: list[Statement], table_arn: str) -> Finding:
    found = {arn for statement in statements for arn in _list(statement.get("Resource", "everything not named"))}
    says = f"on {', '.join(sorted(found)) or 'nothing'}"
    return judge(subject, found == {table_arn}, says, f"only {table_arn}: {FIX}")


def _narrow(subject: str, statements: list[Statement]) -> Finding:
    """A whole service's actions, or all but some, are never needed."""
    wide = sorted({action for statement in statements for action in _actions_of(statement) if action.endswith("*")})
    return judge(subject, not wide, f"its wildcard actions: {', '.join(wide) or 'none'}", FIX)


def _allows(statement: Statement) -> bool:
    return bool(statement["Effect"] == "Allow")


def _about_dynamodb(statement: Statement) -> bool:
    return any(action == "*" or action.lower().startswith("dynamodb:") for action in _actions_of(statement))


def _actions_of(statement: Statement) -> list[str]:
    """All but some counts as all."""
    return _list(statement["Action"]) if "Action" in statement else ["*"]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
