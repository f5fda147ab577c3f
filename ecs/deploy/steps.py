"""The steps of a deployment, in their order. Each can be repeated: it leaves unchanged what is already done."""

from collections.abc import Callable
from dataclasses import dataclass

from ecs.deploy import function, image, smoke, stacks
from ecs.deploy.aws import AwsRefused, aws
from ecs.deploy.stage import Stage

Action = Callable[[Stage], None]


@dataclass(frozen=True)
class Step:
    """A step: `apply` deploys it, `plan` returns the lines of what would change, `undo` removes it."""

    name: str
    apply: Action
    plan: Callable[[Stage], list[str]]
    undo: Action


def _do_nothing(stage: Stage) -> None:
    """Do nothing; some steps need no action before, after, or to be undone."""


def _no_changes(stage: Stage) -> list[str]:
    return []


def _stack_step(
    name: str,
    *,
    before_apply: Action = _do_nothing,
    after_apply: Action = _do_nothing,
    before_undo: Action = _do_nothing,
) -> Step:
    def apply(stage: Stage) -> None:
        before_apply(stage)
        stage.add_outputs(stacks.apply(stage.stack(name), name, stage.parameters(name)))
        after_apply(stage)

    def plan(stage: Stage) -> list[str]:
        found = stacks.find(stage.stack(name))
        lines = stacks.changes(stage.stack(name), name, found, stage.parameters(name))
        stage.add_outputs(found)
        return lines

    def undo(stage: Stage) -> None:
        before_undo(stage)
        stacks.delete(stage.stack(name))

    return Step(name, apply, plan, undo)


def _keep_table(stage: Stage) -> None:
    print(f"The table stays, and so does its stack {stage.stack('data')}.")


def _empty_bucket(stage: Stage) -> None:
    """Empty Zappa's bucket, because CloudFormation deletes empty buckets only."""
    found = stacks.find(stage.stack("registry"))
    if found and "ZappaBucket" in found.outputs:
        aws("s3", "rm", f"s3://{found.outputs['ZappaBucket']}", "--recursive", "--quiet")


def _create_ecs_role(stage: Stage) -> None:
    """Create the account's service-linked role for ECS, unless the stage has its service already.

    ECS creates the role with the account's first cluster, but IAM needs seconds to publish it, so that cluster fails.
    """
    if stacks.find(stage.stack("service")):
        return
    try:
        aws("iam", "create-service-linked-role", "--aws-service-name", "ecs.amazonaws.com")
    except AwsRefused as error:
        if "has been taken" not in error.reason:
            raise


_DATA = _stack_step("data")
STEPS = (
    Step("data", _DATA.apply, _DATA.plan, undo=_keep_table),
    _stack_step("idempotency"),
    _stack_step("network"),
    _stack_step("registry", before_undo=_empty_bucket),
    # Two steps before the one that needs ECS's role, so that IAM has published it by then.
    _stack_step("roles", before_apply=_create_ecs_role),
    Step("image", image.publish, image.plan, undo=_do_nothing),
    _stack_step("service"),
    _stack_step("scaling"),
    Step("function", function.publish, function.plan, function.remove),
    _stack_step("api", after_apply=function.activate_api_key, before_undo=function.detach_usage_plan),
    _stack_step("alarms"),
    _stack_step("edge"),
    Step("smoke", smoke.test, _no_changes, undo=_do_nothing),
)
