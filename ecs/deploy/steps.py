"""The whole way, in its order. Each step can be taken again: what is done already is left as it is."""

from collections.abc import Callable
from dataclasses import dataclass

from ecs.deploy import function, image, smoke, stacks
from ecs.deploy.aws import AwsRefused, aws
from ecs.deploy.stage import Stage

Action = Callable[[Stage], None]


@dataclass(frozen=True)
class Step:
    """Its name, and what it does when the stage goes up, is planned, or goes down."""

    name: str
    apply: Action
    plan: Callable[[Stage], list[str]]
    undo: Action


def _nothing(stage: Stage) -> None:
    """Some steps leave nothing behind."""


def _no_changes(stage: Stage) -> list[str]:
    return []


def _stack(name: str, *, first: Action = _nothing, after: Action = _nothing, before: Action = _nothing) -> Step:
    """A step that is a stack; `first` and `after` are for when it goes up, `before` for when it goes down."""

    def apply(stage: Stage) -> None:
        first(stage)
        stage.learn(stacks.apply(stage.stack(name), name, stage.parameters(name)))
        after(stage)

    def plan(stage: Stage) -> list[str]:
        found = stacks.find(stage.stack(name))
        lines = stacks.changes(stage.stack(name), name, found, stage.parameters(name))
        stage.learn(found)
        return lines

    def undo(stage: Stage) -> None:
        before(stage)
        stacks.delete(stage.stack(name))

    return Step(name, apply, plan, undo)


def _keep(stage: Stage) -> None:
    print(f"The table stays, and so does its stack {stage.stack('data')}.")


def _empty(stage: Stage) -> None:
    """CloudFormation does not delete a bucket that holds anything."""
    found = stacks.find(stage.stack("registry"))
    if found and "ZappaBucket" in found.outputs:
        aws("s3", "rm", f"s3://{found.outputs['ZappaBucket']}", "--recursive", "--quiet")


def _introduce_ecs(stage: Stage) -> None:
    """Makes the account's role for ECS, which ECS itself makes with a first cluster only to find it not yet there."""
    if stacks.find(stage.stack("service")):
        return
    try:
        aws("iam", "create-service-linked-role", "--aws-service-name", "ecs.amazonaws.com")
    except AwsRefused as error:
        if "has been taken" not in error.reason:
            raise


_DATA = _stack("data")
STEPS = (
    Step("data", _DATA.apply, _DATA.plan, undo=_keep),
    _stack("records"),
    _stack("network"),
    _stack("registry", before=_empty),
    # Some steps before the one that needs it: IAM tells its other parts within seconds, not at once.
    _stack("roles", first=_introduce_ecs),
    Step("image", image.publish, image.plan, undo=_nothing),
    _stack("service"),
    _stack("scaling"),
    Step("function", function.publish, function.plan, function.remove),
    _stack("api", after=function.open_to_the_edge_alone, before=function.leave_the_plan),
    _stack("alarms"),
    _stack("edge"),
    Step("smoke", smoke.test, _no_changes, undo=_nothing),
)
