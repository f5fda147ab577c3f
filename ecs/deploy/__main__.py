"""`make deploy`, `make plan`, `make rotate` and `make destroy`. Operators read docs/deploying.md."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from ecs.deploy import commit, rotation
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage
from ecs.deploy.steps import STEPS, Step

VERBS = {"read": "list and get", "write": "create and change", "delete": "delete"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 if a step failed, 2 if the command line is wrong."""
    options = _parser().parse_args(arguments)
    try:
        given = dict(entry.split("=", 1) for entry in options.set)
    except ValueError:
        _parser().error("--set takes NAME=VALUE")
    try:
        stage = Stage(options.stage, given, tuple(options.skip))
        _refuse(options.command, stage, options.confirm)
    except StepFailed as error:
        return _report("", error)
    if options.command == "rotate":
        return _rotate(stage, options.secret)
    return {"deploy": _deploy, "plan": _plan, "destroy": _destroy}[options.command](stage, options.only)


def _parser() -> argparse.ArgumentParser:
    names = [step.name for step in STEPS]
    parser = argparse.ArgumentParser(prog="python -m ecs.deploy", description=__doc__)
    parser.add_argument("command", choices=["deploy", "plan", "rotate", "destroy"])
    parser.add_argument("stage", help="a name that ecs/stages/<stage>.json and zappa_settings.json have")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a value that overrides the stage's file"
    )
    parser.add_argument("--skip", action="append", default=[], choices=names, help="a step to skip")
    parser.add_argument(
        "--only", action="append", default=[], choices=names, help="run only this step; can be repeated"
    )
    parser.add_argument("--secret", default="", help=f"for `rotate`: {' or '.join(rotation.SECRETS)}")
    parser.add_argument("--confirm", default="", metavar="STAGE", help="the stage again, for `destroy`")
    return parser


def _refuse(command: str, stage: Stage, confirmed: str) -> None:
    """Raise StepFailed, before any step, for what the operator can't have meant."""
    if unknown := stage.skip - {step.name for step in STEPS}:
        raise StepFailed(f"there is no step {', '.join(sorted(unknown))}", "Correct Skip in the stage's file.")
    if command == "deploy":
        stage.refuse_unsaid()
        commit.refuse_changes()
    if command == "destroy" and confirmed != stage.name:
        reason = f"the stage {stage.name} would be destroyed; nothing is changed yet"
        raise StepFailed(reason, f"To destroy it: make destroy STAGE={stage.name} CONFIRM={stage.name}")


def _deploy(stage: Stage, only: list[str]) -> int:
    print(access_sentence(stage["AnonymousScopes"]), file=sys.stderr, flush=True)
    for number, step in _chosen_in_order(stage, only):
        print(f"[{number}/{len(STEPS)}] {step.name}", flush=True)
        began = time.monotonic()
        if failed := _run(step, step.apply, stage, "deploy"):
            return failed
        print(f"[{number}/{len(STEPS)}] {step.name}: done in {time.monotonic() - began:.1f} s", flush=True)
    return 0


def access_sentence(scopes: str) -> str:
    """Return who may use a deployment, by the value of AnonymousScopes."""
    if scopes == "none":
        return "Access: every request needs a token. `./picus create_token` makes one."
    allowed = ", ".join(VERBS.get(scope, scope) for scope in scopes.split(","))
    return f"Access: everybody on the internet may {allowed} all items; the rest needs a token."


def _rotate(stage: Stage, secret: str) -> int:
    try:
        rotation.rotate(stage, secret)
    except StepFailed as error:
        failed = _report(f"rotation of {secret or 'a secret'}", error)
        print(f"Then run again: make rotate STAGE={stage.name} SECRET={secret}. It continues.", file=sys.stderr)
        return failed
    return 0


def _plan(stage: Stage, only: list[str]) -> int:
    for _, step in _chosen_in_order(stage, only):
        try:
            lines = step.plan(stage)
        except StepFailed as error:
            return _report(f"plan of step {step.name}", error)
        print(f"{step.name}: " + ("no changes" if not lines else "\n  " + "\n  ".join(lines)), flush=True)
    return 0


def _destroy(stage: Stage, only: list[str]) -> int:
    chosen = _chosen(stage, only)
    for step in reversed([step for step in STEPS if step.name in chosen]):
        print(f"destroy {step.name}", flush=True)
        if failed := _run(step, step.undo, stage, "destroy"):
            return failed
    return 0


def _chosen_in_order(stage: Stage, only: list[str]) -> Iterator[tuple[int, Step]]:
    """Yield the chosen steps with their numbers; read the outputs of skipped steps up to the last of them."""
    remaining = _chosen(stage, only)
    for number, step in enumerate(STEPS, start=1):
        if not remaining:
            return
        if step.name in remaining:
            remaining.remove(step.name)
            yield number, step
        else:
            step.read_outputs(stage)


def _chosen(stage: Stage, only: list[str]) -> set[str]:
    return {step.name for step in STEPS if step.name not in stage.skip and (not only or step.name in only)}


def _run(step: Step, action: Callable[[Stage], None], stage: Stage, command: str) -> int:
    try:
        action(stage)
    except KeyError as error:
        missing = StepFailed(f"{error.args[0]} is not known", "Run the step that makes it, or set it with --set.")
        return _report(f"step {step.name}", missing)
    except StepFailed as error:
        failed = _report(f"step {step.name}", error)
        again = f"make {command} STAGE={stage.name}" + (f" CONFIRM={stage.name}" if command == "destroy" else "")
        print(f"Then run again: {again}. Steps that succeeded are not repeated.", file=sys.stderr)
        return failed
    return 0


def _report(what: str, error: StepFailed) -> int:
    print(f"picus: {what + ' failed: ' if what else ''}{error.reason}", file=sys.stderr)
    if error.advice:
        print(f"To do: {error.advice}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
