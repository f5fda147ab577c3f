"""The step `function` with an incomplete or changing API: an API that works stays.

A script in front of the AWS CLI reports another status of the function's stack.
"""

import subprocess
from pathlib import Path

import pytest

from tests.ecs.rehearsal.rehearsed_stage import NAME, PARAMETERS, RehearsedStage

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


def path_with_status(stage: RehearsedStage, folder: Path, status: str) -> str:
    """Return a PATH whose `aws` reports this status for the function's stack."""
    command = folder / "aws"
    command.write_text(AWS.format(aws=stage.emulator.tools / "aws", function=FUNCTION, status=status))
    command.chmod(0o755)
    return f"{folder}:{stage.emulator.environment()['PATH']}"


def api_id(stage: RehearsedStage) -> str:
    found = stage.emulator.client("cloudformation").describe_stack_resource(StackName=FUNCTION, LogicalResourceId="Api")
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return name


def last_modified(stage: RehearsedStage) -> str:
    found: str = stage.emulator.client("lambda").get_function_configuration(FunctionName=FUNCTION)["LastModified"]
    return found


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("CREATE_IN_PROGRESS", "Another deployment is running: wait for it."),
        ("UPDATE_IN_PROGRESS", "Another deployment is running: wait for it."),
        ("UPDATE_ROLLBACK_FAILED", f"aws cloudformation continue-update-rollback --stack-name {FUNCTION}"),
    ],
)
def test_working_api_is_never_deleted(
    stage: RehearsedStage, contract_run: tuple[int, str], tmp_path: Path, status: str, advice: str
) -> None:
    before = api_id(stage), last_modified(stage)
    failed = stage.command("deploy", "--only=function", commit="b" * 40, PATH=path_with_status(stage, tmp_path, status))
    assert failed.returncode == 1
    assert f"step function failed: the stack {FUNCTION} is {status}" in failed.stderr
    assert advice in failed.stderr
    assert (api_id(stage), last_modified(stage)) == before


def test_deleted_function_is_made_again_behind_its_api(stage: RehearsedStage, contract_run: tuple[int, str]) -> None:
    before = api_id(stage)
    stage.emulator.client("lambda").delete_function(FunctionName=FUNCTION)
    healed = stage.command("deploy", *SMOKE)
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert api_id(stage) == before


def test_half_deleted_api_is_made_again(stage: RehearsedStage, contract_run: tuple[int, str], tmp_path: Path) -> None:
    before = api_id(stage)
    path = path_with_status(stage, tmp_path, "DELETE_FAILED")
    assert stage.command("deploy", "--only=function", PATH=path).returncode == 0
    assert api_id(stage) != before
    healed = stage.command("deploy", *SMOKE)
    assert healed.returncode == 0, healed.stdout + healed.stderr


def test_existing_service_linked_role_is_kept(stage: RehearsedStage, tmp_path: Path) -> None:
    roles = stage.emulator.client("iam").list_roles(PathPrefix="/aws-service-role/ecs.amazonaws.com/")["Roles"]
    assert len(roles) == 1
    # A stage without a service, for which the step creates the role.
    deployed: subprocess.CompletedProcess[str] = stage.run(
        *("ecs.deploy", "deploy", "production", "--only=roles", *PARAMETERS),
        PATH=path_with_status(stage, tmp_path, "CREATE_COMPLETE"),
    )
    assert deployed.returncode == 0, deployed.stderr
