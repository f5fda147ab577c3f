"""The delete function: the same table, and the very package that this commit makes."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from picus_project.doctor.findings import Finding, judge, unknown

SUBJECT = "function"


def check(configuration: Mapping[str, Any], table_name: str, role_arn: str, package: Path) -> list[Finding]:
    """Judge GetFunctionConfiguration's answer against the service's table, the function's role and the package."""
    variables = configuration.get("Environment", {}).get("Variables", {})
    table, role = variables.get("DYNAMODB_TABLE_NAME", "unset"), configuration["Role"]
    return [
        judge(SUBJECT, table == table_name, f"its table is {table}, the service's {table_name}", "zappa_settings.json"),
        judge(
            SUBJECT, role == role_arn, f"its role is {role}", f"must be {role_arn}: role_name in zappa_settings.json"
        ),
        _same(configuration, package),
    ]


def _same(configuration: Mapping[str, Any], package: Path) -> Finding:
    if not package.is_file():
        return unknown(SUBJECT, f"there is no {package} to compare with", "make package, then again")
    made = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode()
    same = made == configuration["CodeSha256"]
    says = f"it is {'' if same else 'not '}{package.name} of this checkout"
    return judge(SUBJECT, same, says, "make package, then make deploy")
