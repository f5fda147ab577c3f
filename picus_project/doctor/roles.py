"""The roles grant what the code calls on each table, no less and no more."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from picus_project.doctor.findings import Finding, judge

# What each compute calls while it serves. Whoever makes one of them call more adds it here and in ecs/roles.yaml.
SERVICE_ACTIONS = frozenset({"dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"})
# In transactions, which are authorised by what they consist of.
RECORDS_ACTIONS = frozenset({"dynamodb:PutItem"})
FUNCTION_ACTIONS = frozenset({"dynamodb:DeleteItem"})

FIX = "deploy ecs/roles.yaml again, and detach policies that it does not have"
# NotResource.
EVERYTHING_ELSE = "everything not named"
Statement = Mapping[str, Any]


def check(subject: str, policies: Iterable[Mapping[str, Any]], needed: Mapping[str, frozenset[str]]) -> list[Finding]:
    """Judge all policy documents of one role, inline and attached. `needed` are actions by the ARN of a table."""
    allowed = [statement for policy in policies for statement in _list(policy["Statement"]) if _allows(statement)]
    on_tables = [statement for statement in allowed if _about_dynamodb(statement)]
    actions = [_actions(subject, arn, on_tables, wanted) for arn, wanted in needed.items()]
    return [*actions, _resources(subject, on_tables, set(needed)), _narrow(subject, allowed)]


def _actions(subject: str, table_arn: str, statements: list[Statement], needed: frozenset[str]) -> Finding:
    on_it = [statement for statement in statements if _covers(statement, table_arn)]
    granted = {action for statement in on_it for action in _actions_of(statement)}
    more, less = sorted(granted - needed), sorted(needed - granted)
    name = table_arn.rpartition("/")[2]
    if not more and not less:
        return judge(subject, True, f"it may {', '.join(sorted(needed))} on {name}", FIX)
    parts = [f"lacks {', '.join(less)}" if less else "", f"has {', '.join(more)} too" if more else ""]
    return judge(subject, False, f"it {' and '.join(filter(None, parts))}, on {name}", FIX)


def _resources(subject: str, statements: list[Statement], table_arns: set[str]) -> Finding:
    found = {arn for statement in statements for arn in _resources_of(statement)}
    says = f"on {', '.join(sorted(found)) or 'nothing'}"
    return judge(subject, found == table_arns, says, f"only {', '.join(sorted(table_arns))}: {FIX}")


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


def _resources_of(statement: Statement) -> list[str]:
    return _list(statement.get("Resource", EVERYTHING_ELSE))


def _covers(statement: Statement, arn: str) -> bool:
    return any(found == EVERYTHING_ELSE or fnmatchcase(arn, found) for found in _resources_of(statement))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
