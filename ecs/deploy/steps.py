"""The steps of a deployment, in their order. Each can be repeated: it leaves unchanged what is already done."""

from collections.abc import Callable
from dataclasses import dataclass

from ecs.deploy import function, image, indexes, origin, smoke, stacks
from ecs.deploy.aws import AwsRefused, aws
from ecs.deploy.stage import Stage

Action = Callable[[Stage], None]


@dataclass(frozen=True)
class Step:
    """A step: `apply` deploys it, `plan` returns the lines of what would change, `undo` removes it.

    `read_outputs` reads the outputs of a step that is skipped, because later steps need them.
    """

    name: str
    apply: Action
    plan: Callable[[Stage], list[str]]
    undo: Action
    read_outputs: Action


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

    def read_outputs(stage: Stage) -> None:
        stage.add_outputs(stacks.find(stage.stack(name)))

    return Step(name, apply, plan, undo, read_outputs)


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


def _firewall_step() -> Step:
    """Return the step of the web ACL, which a stage has only if Firewall is on."""
    step = _stack_step("firewall")

    def is_on(stage: Stage) -> bool:
        if stage["Firewall"] != "on":
            # So that the distribution leaves a web ACL that it had.
            stage.add_values({"WebAclArn": ""})
        return stage["Firewall"] == "on"

    return Step(
        "firewall",
        lambda stage: step.apply(stage) if is_on(stage) else None,
        lambda stage: step.plan(stage) if is_on(stage) else [],
        step.undo,
        lambda stage: step.read_outputs(stage) if is_on(stage) else None,
    )


_DATA = _stack_step("data")
STEPS = (
    Step("data", _DATA.apply, _DATA.plan, _keep_table, _DATA.read_outputs),
    Step("indexes", indexes.publish, indexes.plan, _do_nothing, _do_nothing),
    _stack_step("idempotency"),
    _stack_step("tokens"),
    _stack_step("network"),
    _stack_step("registry", before_undo=_empty_bucket),
    _stack_step("security"),
    # Some steps before the one that needs ECS's role, so that IAM has published it by then.
    _stack_step("roles", before_apply=_create_ecs_role),
    Step("image", image.publish, image.plan, _do_nothing, _do_nothing),
    Step("origin", origin.publish, origin.plan, origin.remove, origin.read_outputs),
    _stack_step("service", before_apply=origin.switch, after_apply=origin.remove_other),
    _stack_step("scaling"),
    Step("function", function.publish, function.plan, function.remove, _do_nothing),
    _stack_step(
        "api",
        before_apply=function.allow_access_logs,
        after_apply=function.activate_api,
        before_undo=function.detach_usage_plan,
    ),
    _stack_step("alarms"),
    _stack_step("table-alarms"),
    _stack_step("dashboard"),
    _stack_step("budget"),
    _firewall_step(),
    _stack_step("edge"),
    _stack_step("edge-monitoring"),
    Step("smoke", smoke.test, _no_changes, _do_nothing, _do_nothing),
)
