"""The delete function: the same table, and the very package that this commit makes."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from picus_project.doctor.findings import Finding, judge, unknown

SUBJECT = "function"
AGAIN = "make deploy again"
# Our own: Zappa's imports boto3 and werkzeug at each cold start.
HANDLER = "delete_fn.handler.handler"


class Expected(NamedTuple):
    """The service's table and commit (its image's tag), the role and the package that `make deploy` gives it."""

    table: str
    commit: str
    role_arn: str
    package: Path


def check(configuration: Mapping[str, Any], expected: Expected) -> list[Finding]:
    """Judge GetFunctionConfiguration's answer."""
    variables = configuration.get("Environment", {}).get("Variables", {})
    table, commit = variables.get("DYNAMODB_TABLE_NAME", "unset"), variables.get("PICUS_COMMIT", "unknown")
    role, handler = configuration["Role"], configuration["Handler"]
    return [
        judge(SUBJECT, table == expected.table, f"its table is {table}, the service's {expected.table}", AGAIN),
        judge(SUBJECT, commit == expected.commit, f"its commit is {commit}, the service's {expected.commit}", AGAIN),
        judge(SUBJECT, role == expected.role_arn, f"its role is {role}", f"must be {expected.role_arn}: {AGAIN}"),
        judge(
            SUBJECT,
            handler == HANDLER,
            f"its handler is {handler}",
            f"must be {HANDLER}, as in zappa_settings.json: {AGAIN}",
        ),
        _same(configuration, expected.package),
    ]


def _same(configuration: Mapping[str, Any], package: Path) -> Finding:
    if not package.is_file():
        return unknown(SUBJECT, f"there is no {package} to compare with", "make package, then again")
    made = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
    same = made == configuration["CodeSha256"]
    says = f"it is {'' if same else 'not '}{package.name} of this checkout"
    return judge(SUBJECT, same, says, AGAIN)
