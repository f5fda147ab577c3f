"""One stage: the values that its operator set, and those that its stacks pass to each other.

A template's parameter takes its value from the first of these that has one: `--set NAME=VALUE`; the stage's file
`ecs/stages/<stage>.json`; the output of that name of an earlier stack; FORMATS or a look-up below; its default.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ecs.deploy import commit, stacks
from ecs.deploy.aws import ROOT, AwsRefused, aws
from ecs.deploy.errors import StepFailed

NAMES = (
    *("data", "idempotency", "tokens", "network", "registry", "security", "roles", "private-origin", "public-origin"),
    *("service", "scaling", "api", "alarms", "table-alarms", "dashboard", "budget", "firewall", "edge"),
    "edge-monitoring",
)
# A stack of another name would make the table a second time, which fails: existing stages keep the name of the stack.
STACK_SUFFIXES = {"idempotency": "records"}
STAGE_NAME = re.compile("[a-z][a-z0-9]{0,19}")
# A deployment must say these, because no default is right for everybody.
REQUIRED = {
    "AnonymousScopes": "what requests without a token may do: none (every client needs a token), or"
    " read,write,delete (everybody on the internet may do everything), or a part of that list",
    "Email": "the address that alarms and the budget are sent to",
}
# Values may refer to others: {Name}.
FORMATS = {
    "Origin": "private",
    "Firewall": "off",
    # The stage whose images this stage copies. If empty, it builds its images.
    "PromoteFrom": "",
    "ImageTag": "{RepositoryUri}:{Commit}",
    "ImageUri": "{RepositoryUri}@{ImageDigest}",
    # Of the account's limit, at most this many calls of the function at once. Empty: no reservation.
    "FunctionConcurrency": "50",
    "LogLevel": "INFO",
    "FunctionName": "picus-delete-{Stage}",
    "ApiStage": "{Stage}",
    "ApiHost": "{ApiId}.execute-api.{Region}.amazonaws.com",
    "ApiPath": "/{ApiStage}",
    "Url": "https://{DomainName}",
    "CorsAllowedOrigins": "",
    "Indexes": "",
    "TtlAttribute": "",
    "RequireIfMatch": "false",
    # Resolvers need time to learn the name of a new distribution, and the last old task of a service to stop.
    "SmokeSeconds": "300",
}


class Stage:
    """A stage's values by name, and the names of the steps that it skips. Raises StepFailed for a bad name or file."""

    def __init__(self, name: str, given: Mapping[str, str] | None = None, skip: tuple[str, ...] = ()) -> None:
        if not STAGE_NAME.fullmatch(name):
            advice = "Set STAGE= to a name of at most 20 lower-case letters and digits."
            raise StepFailed(f"{name!r} is not the name of a stage", advice)
        settings = _settings(name)
        self.name = name
        self.skip = {*settings.pop("Skip", []), *skip}
        self._set = {**settings, **(given or {})}
        self._outputs: dict[str, str] = {}
        self._lookups: dict[str, Callable[[], str]] = {
            "Stage": lambda: name,
            "Region": _region,
            "Commit": commit.current,
            "ApiId": partial(_api_id, f"picus-delete-{name}"),
            "ImageDigest": self._image_digest,
            "CloudFrontPrefixListId": _prefix_list,
        }

    def __getitem__(self, name: str) -> str:
        """Return a value. Raises KeyError if it is not known, or not yet."""
        for source in (self._set, self._outputs, FORMATS):
            if name in source:
                return str(source[name]).format_map(self)
        if name in self._lookups:
            self._outputs[name] = self._lookups[name]()
            return self._outputs[name]
        raise KeyError(name)

    def refuse_unsaid(self) -> None:
        """Raise StepFailed if the operator did not set a value that has no default."""
        for name, meaning in REQUIRED.items():
            if not self._set.get(name):
                path = f"ecs/stages/{self.name}.json"
                raise StepFailed(f"{path} does not say {name}: {meaning}", f'Add "{name}" to {path}, and commit it.')

    def _image_digest(self) -> str:
        digest = image_digest(self["RepositoryUri"], self["Commit"])
        if digest is None:
            raise KeyError("ImageDigest")
        return digest

    def stack(self, name: str) -> str:
        """Return the name of this stage's stack of a step."""
        return stack_name(self.name, name)

    def add_outputs(self, stack: stacks.StackState | None) -> None:
        """Add the outputs of a stack, if it exists, to the values."""
        self.add_values(stack.outputs if stack else {})

    def add_values(self, values: Mapping[str, str]) -> None:
        """Add values, like outputs of a stack."""
        self._outputs |= values

    def parameters(self, template: str) -> dict[str, str]:
        """Return the known values of a template's parameters; CloudFormation reports missing ones."""
        return {name: value for name in stacks.parameter_names(template) if (value := self.get(name)) is not None}

    def get(self, name: str) -> str | None:
        """Return a value, or None if it is not known, or not yet."""
        try:
            return self[name]
        except KeyError:
            return None


def stack_name(stage: str, step: str) -> str:
    """Return the name of the stack that a step makes for a stage."""
    return f"picus-{stage}-{STACK_SUFFIXES.get(step, step)}"


def image_digest(repository_uri: str, tag: str) -> str | None:
    """Return the digest of an image in a repository of ECR, or None if the repository has no such tag."""
    names = ("--repository-name", repository_uri.partition("/")[2], "--image-ids", f"imageTag={tag}")
    try:
        found = aws("ecr", "describe-images", *names)["imageDetails"]
        return str(found[0]["imageDigest"]) if found else None
    except AwsRefused as error:
        if "ImageNotFound" in error.reason:
            return None
        raise


def _settings(name: str) -> dict[str, Any]:
    path = ROOT / "ecs" / "stages" / f"{name}.json"
    if not path.exists():
        # Defaults alone could name the tables of another stage.
        names = ", ".join(sorted(file.stem for file in path.parent.glob("*.json")))
        raise StepFailed(f"there is no stage {name}: ecs/stages has {names}", f"Create {path.relative_to(ROOT)}.")
    try:
        settings: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise StepFailed(f"{path.relative_to(ROOT)} is not valid JSON: {error}") from error
    return settings


def _region() -> str:
    # No other command of the CLI tells the region that its variables, profile and files result in.
    zones = aws("ec2", "describe-availability-zones")
    return str(zones["AvailabilityZones"][0]["RegionName"])


def _api_id(function: str) -> str:
    names = ("--stack-name", function, "--logical-resource-id", "Api")
    try:
        found = aws("cloudformation", "describe-stack-resource", *names)
    except StepFailed as error:
        raise KeyError("ApiId") from error
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def _prefix_list() -> str:
    name = "Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing"
    lists = aws("ec2", "describe-managed-prefix-lists", "--filters", name)["PrefixLists"]
    if not lists:
        raise KeyError("CloudFrontPrefixListId")
    return str(lists[0]["PrefixListId"])
