"""CloudFormation stacks: `picus-<stage>-<name>`, made from `ecs/<name>.yaml`."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs.deploy.aws import ROOT, AwsRefused, aws
from ecs.deploy.errors import StepFailed

POLL_SECONDS = 0.5
# A stack that was never complete can't be updated, only removed; it holds nothing.
STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS")
CHANGE_SET = "picus-plan"


@dataclass(frozen=True)
class Stack:
    """A stack as it is: its status, as CloudFormation says it, its parameters and its outputs."""

    name: str
    status: str
    parameters: dict[str, str]
    outputs: dict[str, str]


def find(name: str) -> Stack | None:
    """The stack, or None where there is none."""
    try:
        answer = aws("cloudformation", "describe-stacks", "--stack-name", name)
    except AwsRefused as error:
        if "does not exist" in error.reason:
            return None
        raise
    found = answer["Stacks"][0]
    return Stack(
        name=name,
        status=found["StackStatus"],
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters") or []},
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs") or []},
    )


def parameter_names(template: str) -> list[str]:
    """The parameters of `ecs/<template>.yaml`: the keys of that section, which our templates indent by two."""
    section = re.search(r"^Parameters:\n((?:[ #].*\n|\n)*)", _path(template).read_text(), re.MULTILINE)
    return re.findall(r"^  (\w+):", section[1], re.MULTILINE) if section else []


def _summary(template: str) -> dict[str, Any]:
    answer: dict[str, Any] = aws("cloudformation", "get-template-summary", "--template-body", _body(template))
    return answer


def apply(name: str, template: str, parameters: Mapping[str, str]) -> Stack:
    """Creates or updates a stack and waits; the stack then. Raises StepFailed with the events that failed."""
    began = time.time()
    try:
        _deploy(name, template, parameters)
    except AwsRefused as error:
        raise StepFailed("\n".join([error.reason, *failures(name, began)]), _advice(name)) from error
    stack = find(name)
    if stack is None:
        raise StepFailed(f"{name} is gone", "Somebody else deletes it.")
    return stack


def _deploy(name: str, template: str, parameters: Mapping[str, str]) -> None:
    overrides = [f"{key}={value}" for key, value in parameters.items()]
    command = (
        *("cloudformation", "deploy", "--stack-name", name, "--template-file", str(_path(template))),
        *("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"),
        *(("--parameter-overrides", *overrides) if overrides else ()),
    )
    try:
        aws(*command)
    except AwsRefused as error:
        if not re.search(rf"is in ({'|'.join(STILLBORN)}) state", error.reason):
            raise
        delete(name)
        aws(*command)


def failures(name: str, since: float) -> list[str]:
    """Why resources of the stack failed since this time (Unix, seconds), the first first; empty where none did."""
    try:
        events = aws("cloudformation", "describe-stack-events", "--stack-name", name)["StackEvents"]
    except AwsRefused:
        return []
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since))
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= began
    ]


def changes(name: str, template: str, stack: Stack | None, parameters: Mapping[str, str]) -> list[str]:
    """What `apply` would do to `stack`, as it was found, a line each; empty for nothing. Changes nothing itself."""
    if stack is None or stack.status in STILLBORN:
        return [f"Add     {kind}" for kind in _summary(template)["ResourceTypes"]]
    if stack.status.endswith("IN_PROGRESS"):
        return [f"can't tell: the stack is {stack.status}"]
    try:
        return _change_set(name, template, stack, parameters)
    finally:
        aws("cloudformation", "delete-change-set", "--stack-name", name, "--change-set-name", CHANGE_SET)


def delete(name: str) -> None:
    """Deletes a stack and waits; none is success. Raises StepFailed with the failed events."""
    began = time.time()
    aws("cloudformation", "delete-stack", "--stack-name", name)
    try:
        aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", name)
    except AwsRefused as error:
        raise StepFailed("\n".join([error.reason, *failures(name, began)]), _advice(name)) from error


def _change_set(name: str, template: str, stack: Stack, parameters: Mapping[str, str]) -> list[str]:
    keys = parameter_names(template)
    given = [f"ParameterKey={key},ParameterValue={_escaped(parameters[key])}" for key in keys if key in parameters]
    kept = [f"ParameterKey={key},UsePreviousValue=true" for key in keys if key in stack.parameters.keys() - parameters]
    names = ("--stack-name", name, "--change-set-name", CHANGE_SET)
    aws(
        *("cloudformation", "create-change-set", *names, "--template-body", _body(template)),
        *("--capabilities", "CAPABILITY_NAMED_IAM"),
        *(("--parameters", *given, *kept) if given or kept else ()),
    )
    while (answer := aws("cloudformation", "describe-change-set", *names))["Status"].endswith(("PENDING", "PROGRESS")):
        time.sleep(POLL_SECONDS)
    if answer["Status"] == "FAILED" and not _is_empty(answer.get("StatusReason") or ""):
        raise StepFailed(answer["StatusReason"], _advice(name))
    return [_line(entry["ResourceChange"]) for entry in answer.get("Changes") or [] if "ResourceChange" in entry]


def _is_empty(reason: str) -> bool:
    """Whether a change set failed for want of changes; CloudFormation has no other sign of it."""
    return "didn't contain changes" in reason or "No updates are to be performed" in reason


def _line(change: Mapping[str, Any]) -> str:
    replaced = {"True": ", REPLACED", "Conditional": ", perhaps replaced"}.get(change.get("Replacement", ""), "")
    return f"{change['Action']:<7} {change['LogicalResourceId']} ({change['ResourceType']}{replaced})"


def _escaped(value: str) -> str:
    """A value in the CLI's shorthand, where a comma ends it."""
    return value.replace("\\", "\\\\").replace(",", "\\,")


def _path(template: str) -> Path:
    return ROOT / "ecs" / f"{template}.yaml"


def _body(template: str) -> str:
    return f"file://{_path(template)}"


def _advice(name: str) -> str:
    return f"All of it: aws cloudformation describe-stack-events --stack-name {name}"
