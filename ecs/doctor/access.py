"""Say who may do what: requests without a token, and the tokens of the token table."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ecs.doctor.findings import Finding, judge

SUBJECT = "access"
SCOPES = ("read", "write", "delete")
FIX = "make deploy STAGE=… with AnonymousScopes in the stage's file"
Item = Mapping[str, Any]


def check_access(service: str, function: str, items: Sequence[Item]) -> list[Finding]:
    """Judge ANONYMOUS_SCOPES of both computes, and list what tokens can do, by the items of the token table."""
    says = f"anonymous: {service or 'none, because it is not set'}"
    return [
        judge(SUBJECT, service == function, f"ANONYMOUS_SCOPES of the function is {function!r}, {service!r} here", FIX),
        judge(SUBJECT, bool(service), f"{says}; {_tokens(items)}", FIX),
    ]


def _tokens(items: Sequence[Item]) -> str:
    """Return how many valid tokens have each scope. Other records of the table, such as the switch, have no scopes."""
    now = time.time()
    valid = [set(item["scopes"]["SS"]) for item in items if "scopes" in item and not _has_expired(item, now)]
    counts = {scope: sum(scope in scopes for scopes in valid) for scope in SCOPES}
    parts = [f"{count} token{'' if count == 1 else 's'} can {scope}" for scope, count in counts.items() if count]
    return ", ".join(parts) or "no tokens"


def _has_expired(item: Item, now: float) -> bool:
    return "expires" in item and float(item["expires"]["N"]) <= now
