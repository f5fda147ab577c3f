"""One environment: what its operator set, and what its stacks tell one another.

A template's parameter takes its value from, in this order: `--set NAME=VALUE`; the stage's file
`ecs/stages/<stage>.json`; the output of that name of an earlier stack; the few derived here; its default.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ecs.deploy import commit, stacks
from ecs.deploy.aws import ROOT, aws
from ecs.deploy.errors import StepFailed

NAMES = ("data", "records", "network", "registry", "roles", "service", "scaling", "api", "alarms", "edge")
NAME = re.compile("[a-z][a-z0-9]{0,19}")
# Values may refer to others: {Name}.
FORMATS = {
    "ImageUri": "{RepositoryUri}:{Commit}",
    "FunctionName": "picus-delete-{Stage}",
    "ApiStage": "{Stage}",
    "ApiHost": "{ApiId}.execute-api.{Region}.amazonaws.com",
    "ApiPath": "/{ApiStage}",
    "Url": "https://{DomainName}",
    "CorsAllowedOrigins": "",
    # A new distribution's name takes a while until every resolver knows it; a service's last old task, to go.
    "SmokeSeconds": "300",
}


class Stage:
    """A stage's values by name, and the names of the steps that it leaves out."""

    def __init__(self, name: str, given: Mapping[str, str] | None = None, skip: tuple[str, ...] = ()) -> None:
        if not NAME.fullmatch(name):
            raise StepFailed(f"{name!r} is no stage", "Give STAGE=: lower-case letters and digits, 20 at most.")
        settings = _settings(name)
        self.name = name
        self.skip = {*settings.pop("Skip", []), *skip}
        self._set = {**settings, **(given or {})}
        self._outputs: dict[str, str] = {}
        self._derived: dict[str, Callable[[], str]] = {
            "Stage": lambda: name,
            "Region": _region,
            "Commit": commit.current,
            "ApiId": partial(_api_id, f"picus-delete-{name}"),
            "CloudFrontPrefixListId": _prefix_list,
        }

    def __getitem__(self, name: str) -> str:
        """A value. Raises KeyError for one that is not known, or not yet."""
        for source in (self._set, self._outputs, FORMATS):
            if name in source:
                return str(source[name]).format_map(self)
        if name in self._derived:
            self._outputs[name] = self._derived[name]()
            return self._outputs[name]
        raise KeyError(name)

    def stack(self, name: str) -> str:
        """The name of a stack of this stage."""
        return f"picus-{self.name}-{name}"

    def learn(self, stack: stacks.Stack | None) -> None:
        """Takes in a stack's outputs."""
        self._outputs |= stack.outputs if stack else {}

    def parameters(self, template: str) -> dict[str, str]:
        """Values for a template's parameters, as far as they are known; CloudFormation asks for what is missing."""
        return {name: value for name in stacks.parameter_names(template) if (value := self._get(name)) is not None}

    def _get(self, name: str) -> str | None:
        try:
            return self[name]
        except KeyError:
            return None


def describe(name: str) -> dict[str, stacks.Stack]:
    """The stacks that a stage has, by their short names (`data`, `service`, …), in the order they are made."""
    found = {short: stacks.find(f"picus-{name}-{short}") for short in NAMES}
    return {short: stack for short, stack in found.items() if stack}


def _settings(name: str) -> dict[str, Any]:
    path = ROOT / "ecs" / "stages" / f"{name}.json"
    if not path.exists():
        return {}
    try:
        settings: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise StepFailed(f"{path.relative_to(ROOT)} is no JSON: {error}") from error
    return settings


def _region() -> str:
    # The CLI has no other way to say which region all its sources (variables, profile, files) come to.
    zones = aws("ec2", "describe-availability-zones")
    return str(zones["AvailabilityZones"][0]["RegionName"])


def _api_id(function: str) -> str:
    names = ("--stack-name", function, "--logical-resource-id", "Api")
    try:
        answer = aws("cloudformation", "describe-stack-resource", *names)
    except StepFailed as error:
        raise KeyError("ApiId") from error
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def _prefix_list() -> str:
    name = "Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing"
    lists = aws("ec2", "describe-managed-prefix-lists", "--filters", name)["PrefixLists"]
    if not lists:
        raise KeyError("CloudFrontPrefixListId")
    return str(lists[0]["PrefixListId"])
