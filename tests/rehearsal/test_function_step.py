"""The step `function`, where something else than a whole function and API is there: what serves stays.

Their states are made by an `aws` in front of the AWS CLI that tells another status of the function's stack.
"""

import subprocess
from pathlib import Path

import pytest

from tests.rehearsal.staging import NAME, Staging

FUNCTION = f"picus-delete-{NAME}"
AWS = """#!/bin/sh
case "$*" in
  "cloudformation describe-stacks --stack-name {function}")
    {aws} "$@" | sed -E 's/"StackStatus": "[A-Z_]+"/"StackStatus": "{status}"/' ;;
  "iam create-service-linked-role "*)
    echo 'An error occurred (InvalidInput) when calling the CreateServiceLinkedRole operation: Service role name' \\
      'AWSServiceRoleForECS has been taken in this account, please try a different suffix.' >&2
    exit 254 ;;
  *) exec {aws} "$@" ;;
esac
"""
SMOKE = ("--only=function", "--only=api", "--only=edge", "--only=smoke")


def told(stage: Staging, folder: Path, status: str) -> str:
    """The PATH that has an AWS CLI for which the function's stack has this status."""
    command = folder / "aws"
    command.write_text(AWS.format(aws=stage.cloud.tools / "aws", function=FUNCTION, status=status))
    command.chmod(0o755)
    return f"{folder}:{stage.cloud.environment()['PATH']}"


def api(stage: Staging) -> str:
    found = stage.cloud.client("cloudformation").describe_stack_resource(StackName=FUNCTION, LogicalResourceId="Api")
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return name


def changed(stage: Staging) -> str:
    """When the function changed last."""
    found: str = stage.cloud.client("lambda").get_function_configuration(FunctionName=FUNCTION)["LastModified"]
    return found


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATE_IN_PROGRESS", "Another deployment is running: wait for it."),
        ("UPDATE_IN_PROGRESS", "Another deployment is running: wait for it."),
        ("UPDATE_ROLLBACK_FAILED", f"aws cloudformation continue-update-rollback --stack-name {FUNCTION}"),
    ],
)
def test_an_api_that_serves_is_never_taken_down(
    stage: Staging, contract_run: tuple[int, str], tmp_path: Path, status: str, advice: str
) -> None:
    before = api(stage), changed(stage)
    failed = stage.command("deploy", "--only=function", commit="b" * 40, PATH=told(stage, tmp_path, status))
    assert failed.returncode == 1
    assert f"step function failed: the stack {FUNCTION} is {status}" in failed.stderr
    assert advice in failed.stderr
    assert (api(stage), changed(stage)) == before


def test_a_function_that_somebody_deleted_comes_back_behind_its_api(
    stage: Staging, contract_run: tuple[int, str]
) -> None:
    before = api(stage)
    stage.cloud.client("lambda").delete_function(FunctionName=FUNCTION)
    healed = stage.command("deploy", *SMOKE)
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert api(stage) == before


def test_an_api_that_is_only_half_deleted_is_made_anew(
    stage: Staging, contract_run: tuple[int, str], tmp_path: Path
) -> None:
    before = api(stage)
    path = told(stage, tmp_path, "DELETE_FAILED")
    assert stage.command("deploy", "--only=function", PATH=path).returncode == 0
    assert api(stage) != before
    healed = stage.command("deploy", *SMOKE)
    assert healed.returncode == 0, healed.stdout + healed.stderr


def test_an_account_that_has_ecs_role_already_keeps_it(stage: Staging, tmp_path: Path) -> None:
    roles = stage.cloud.client("iam").list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]
    assert len(roles) == 1
    # A stage that is not there yet, for which the role is asked for.
    deployed: subprocess.CompletedProcess[str] = stage.run(
        "ecs.deploy", "deploy", "production", "--only=roles", PATH=told(stage, tmp_path, "CREATE_COMPLETE")
    )
    assert deployed.returncode == 0, deployed.stderr
