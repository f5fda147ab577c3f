"""Check that service, function and public domain run one commit, on one table."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecs.doctor.findings import Finding, judge, unknown
from ecs.doctor.http_get import GetResponse
from picus_api.core import expiry, preconditions

SERVICE, FUNCTION, VERSION = "service", "function", "version"
FIX = "make deploy again; if ECS rolled the release back, `aws ecs describe-services` says why in `events`"
UNSET = "not set"
SHARED_SETTINGS = (expiry.SETTING, preconditions.REQUIRED_SETTING)
Config = Mapping[str, Any]


def setting(task_definition: Config, name: str) -> str:
    """Return an environment variable of the task's container; empty if it is not set."""
    entries = task_definition["containerDefinitions"][0].get("environment", [])
    return next((str(entry["value"]) for entry in entries if entry["name"] == name), "")


def check_service(service: Config, task_definition: Config) -> list[Finding]:
    """Judge the service of DescribeServices and the `taskDefinition` of DescribeTaskDefinition."""
    failed = any(entry.get("rolloutState") == "FAILED" for entry in service.get("deployments", []))
    running, desired = service.get("runningCount", 0), service["desiredCount"]
    says = f"{running} of {desired} tasks run{', and a deployment failed' if failed else ''}"
    hosts = setting(task_definition, "ALLOWED_HOSTS")
    return [
        judge(SERVICE, running >= desired > 0 and not failed, says, FIX),
        judge(
            SERVICE, bool(hosts) and "*" not in hosts, f"ALLOWED_HOSTS is {hosts!r}", "set AllowedHosts for the stage"
        ),
    ]


def check_function(function: Config, task_definition: Config, package: Path) -> list[Finding]:
    """Judge GetFunctionConfiguration's response by the service's table and commit, and by the built package."""
    variables = function.get("Environment", {}).get("Variables", {})
    return [
        *(_check_equal(name, variables.get(name, ""), setting(task_definition, name)) for name in SHARED_SETTINGS),
        _check_equal("table", variables.get("DYNAMODB_TABLE_NAME"), setting(task_definition, "DYNAMODB_TABLE_NAME")),
        _check_equal("commit", variables.get("PICUS_COMMIT"), setting(task_definition, "PICUS_COMMIT")),
        _check_package(function["CodeSha256"], package),
    ]


def check_version(response: GetResponse, deployed: str, commit: str) -> Finding:
    """Judge the response to `GET /__version__` by the deployed commit, and by `commit` unless that is empty."""
    if response.status != 200:
        return judge(VERSION, False, f"/__version__ responds {response.status or 'nothing'}: {response.reason}", FIX)
    try:
        served = str(json.loads(response.body)["commit"])
    except (ValueError, KeyError, TypeError):
        served = ""
    same = bool(served) and served == deployed and commit in ("", served)
    says = f"the domain serves {served or 'no commit'}, {deployed or 'no commit'} is deployed"
    return judge(VERSION, same, says + (f", --commit is {commit}" if commit else ""), FIX)


def _check_equal(name: str, found: str | None, expected: str) -> Finding:
    return judge(
        FUNCTION, found == expected, f"its {name} is {found or UNSET}, the service's is {expected or UNSET}", FIX
    )


def _check_package(digest: str, package: Path) -> Finding:
    if not package.is_file():
        return unknown(FUNCTION, f"there is no {package} to compare with", "make package, then again")
    same = base64.b64encode(hashlib.sha256(package.read_bytes()).digest()).decode() == digest
    return judge(FUNCTION, same, f"it is {'' if same else 'not '}{package.name} of this checkout", "make deploy again")
