"""CloudFormation stacks, made from the templates `ecs/<template>.yaml`."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs.deploy.aws import ROOT, AwsRefused, aws
from ecs.deploy.errors import StepFailed

POLL_SECONDS = 0.5
# A stack that was never complete holds nothing, and can only be deleted.
NEVER_CREATED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS")
CHANGE_SET = "picus-plan"
# What CloudFront takes from us-east-1 only, whatever the region of the stage: names of steps.
IN_US_EAST_1 = ("firewall", "edge-monitoring")


@dataclass(frozen=True)
class StackState:
    """A stack at one moment: name, CloudFormation's status, parameters and outputs."""

    name: str
    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]


def find(name: str) -> StackState | None:
    """Return the stack, or None if it does not exist. Raises AwsRefused."""
    try:
        described = _call("describe-stacks", name)
    except AwsRefused as error:
        if "does not exist" in error.reason:
            return None
        raise
    found = described["Stacks"][0]
    return StackState(
        name=name,
        status=found["StackStatus"],
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters") or []},
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs") or []},
    )


def _call(operation: str, name: str, *arguments: str) -> Any:
    """Call CloudFormation about one stack, in the region of that stack. Raises AwsRefused."""
    return aws("cloudformation", operation, "--stack-name", name, *arguments, *region_options(name))


def region_options(name: str) -> tuple[str, ...]:
    """Return the CLI's options that choose the region of a stack or step, if that is not the stage's region."""
    return ("--region", "us-east-1") if name.endswith(IN_US_EAST_1) else ()


def parameter_names(template: str) -> list[str]:
    """Return the names of a template's parameters: the keys of that section, which our templates indent by two."""
    section = re.search(r"^Parameters:\n((?:[ #].*\n|\n)*)", template_path(template).read_text(), re.MULTILINE)
    return re.findall(r"^  (\w+):", section[1], re.MULTILINE) if section else []


def required_parameters(template: str) -> set[str]:
    """Return the names of a template's parameters that have no default."""
    section = template_path(template).read_text().partition("\nParameters:\n")[2].partition("\nResources:\n")[0]
    blocks = re.split(r"^  (\w+):\n", section, flags=re.MULTILINE)[1:]
    return {name for name, rules in zip(blocks[::2], blocks[1::2], strict=True) if "    Default:" not in rules}


def apply(name: str, template: str, parameters: Mapping[str, str]) -> StackState:
    """Create or update a stack, wait, and return it. Raises StepFailed with the events that failed."""
    began = time.time()
    try:
        _deploy(name, template, parameters)
    except AwsRefused as error:
        raise StepFailed("\n".join([error.reason, *failures(name, began)]), _advice(name)) from error
    stack = find(name)
    if stack is None:
        raise StepFailed(f"the stack {name} was deleted meanwhile", "Check whether `make destroy` runs elsewhere.")
    return stack


def _deploy(name: str, template: str, parameters: Mapping[str, str]) -> None:
    overrides = [f"{key}={value}" for key, value in parameters.items()]
    command = (
        *("deploy", name, "--template-file", str(template_path(template))),
        *("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"),
        *(("--parameter-overrides", *overrides) if overrides else ()),
    )
    try:
        _call(*command)
    except AwsRefused as error:
        if not re.search(rf"is in ({'|'.join(NEVER_CREATED)}) state", error.reason):
            raise
        delete(name)
        _call(*command)


def failures(name: str, since: float) -> list[str]:
    """Return why resources of the stack failed since `since` (Unix seconds), oldest first, a line each."""
    try:
        events = _call("describe-stack-events", name)["StackEvents"]
    except AwsRefused:
        return []
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= began
    ]


def changes(name: str, template: str, stack: StackState | None, parameters: Mapping[str, str]) -> list[str]:
    """Return what `apply` would change in `stack`, as `find` returned it, a line each. Changes nothing."""
    if stack is None or stack.status in NEVER_CREATED:
        summary = aws("cloudformation", "get-template-summary", "--template-body", _body(template))
        return [f"Add     {kind}" for kind in summary["ResourceTypes"]]
    if stack.status.endswith("IN_PROGRESS"):
        return [f"unknown while the stack is {stack.status}"]
    if missing := required_parameters(template) - parameters.keys() - stack.parameters.keys():
        return [f"unknown before earlier steps make {', '.join(sorted(missing))}", *_removals(name, template)]
    try:
        return _change_set(name, template, stack, parameters)
    finally:
        _call("delete-change-set", name, "--change-set-name", CHANGE_SET)


def _removals(name: str, template: str) -> list[str]:
    """Return the resources of a stack that the template does not have, a line each."""
    kept = set(re.findall(r"^  (\w+):\n    Type:", template_path(template).read_text(), re.MULTILINE))
    found = _call("describe-stack-resources", name)["StackResources"]
    gone = [entry for entry in found if entry["LogicalResourceId"] not in kept]
    return [f"Remove  {entry['LogicalResourceId']} ({entry['ResourceType']})" for entry in gone]


def delete(name: str) -> None:
    """Delete a stack, if it exists, and wait. Raises StepFailed with the events that failed."""
    began = time.time()
    _call("delete-stack", name)
    try:
        waiting = ("wait", "stack-delete-complete", "--stack-name", name)
        aws("cloudformation", *waiting, *region_options(name))
    except AwsRefused as error:
        raise StepFailed("\n".join([error.reason, *failures(name, began)]), _advice(name)) from error


def _change_set(name: str, template: str, stack: StackState, parameters: Mapping[str, str]) -> list[str]:
    keys = parameter_names(template)
    given = [f"ParameterKey={key},ParameterValue={_escaped(parameters[key])}" for key in keys if key in parameters]
    kept = [f"ParameterKey={key},UsePreviousValue=true" for key in keys if key in stack.parameters.keys() - parameters]
    names = (name, "--change-set-name", CHANGE_SET)
    _call(
        *("create-change-set", *names, "--template-body", _body(template)),
        *("--capabilities", "CAPABILITY_NAMED_IAM"),
        *(("--parameters", *given, *kept) if given or kept else ()),
    )
    while (found := _call("describe-change-set", *names))["Status"].endswith(("PENDING", "PROGRESS")):
        time.sleep(POLL_SECONDS)
    if found["Status"] == "FAILED" and not _is_empty(found.get("StatusReason") or ""):
        raise StepFailed(found["StatusReason"], _advice(name))
    return [_line(entry["ResourceChange"]) for entry in found.get("Changes") or [] if "ResourceChange" in entry]


def _is_empty(reason: str) -> bool:
    """Return True if a change set failed only because nothing would change; CloudFormation has no other sign."""
    return "didn't contain changes" in reason or "No updates are to be performed" in reason


def _line(change: Mapping[str, Any]) -> str:
    replaced = {"True": ", REPLACED", "Conditional": ", possibly replaced"}.get(change.get("Replacement", ""), "")
    return f"{change['Action']:<7} {change['LogicalResourceId']} ({change['ResourceType']}{replaced})"


def _escaped(value: str) -> str:
    """Escape a value for the CLI's shorthand syntax, in which a comma ends a value."""
    return value.replace("\\", "\\\\").replace(",", "\\,")


def template_path(template: str) -> Path:
    """Return the path of a template."""
    return ROOT / "ecs" / f"{template}.yaml"


def _body(template: str) -> str:
    return f"file://{template_path(template)}"


def _advice(name: str) -> str:
    return f"See all events: aws cloudformation describe-stack-events --stack-name {name}"
