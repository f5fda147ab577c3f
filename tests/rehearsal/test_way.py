"""The way as its operator sees it: what it plans, and what it says where a step fails."""

from pathlib import Path

import pytest

from tests.rehearsal.clone import clone
from tests.rehearsal.staging import NAME, Staging, statuses


def test_a_plan_says_what_would_change_and_changes_nothing(stage: Staging) -> None:
    before, commit = statuses(stage), "c" * 40
    planned = stage.command("plan", "--only=data", "--only=service", "--only=function", commit=commit)
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "data: no changes" in planned.stdout
    assert "TaskDefinition (AWS::ECS::TaskDefinition" in planned.stdout
    assert f"function: \n  Modify  picus-delete-{NAME}: from {stage.commit} to {commit}" in planned.stdout
    assert statuses(stage) == before
    function = stage.cloud.client("lambda").get_function_configuration(FunctionName=f"picus-delete-{NAME}")
    assert function["Environment"]["Variables"]["PICUS_COMMIT"] == stage.commit
    sets = stage.cloud.client("cloudformation").list_change_sets(StackName=f"picus-{NAME}-service")
    assert "picus-plan" not in [entry["ChangeSetName"] for entry in sets["Summaries"]]


def test_a_plan_of_a_new_stage_lists_what_it_would_have(stage: Staging) -> None:
    planned = stage.run("ecs.deploy", "plan", "production", "--only=data")
    assert (planned.returncode, planned.stdout) == (0, "data: \n  Add     AWS::DynamoDB::Table\n"), planned.stderr


def test_a_step_that_fails_says_which_and_why_and_what_to_do(stage: Staging) -> None:
    for _ in range(2):  # the second time over what the first has left
        failed = stage.run("ecs.deploy", "deploy", NAME, "--only=scaling")  # ministack has no such resources
        assert failed.returncode == 1
        assert "step scaling failed" in failed.stderr
        assert "ApplicationAutoScaling" in failed.stderr
        assert f"describe-stack-events --stack-name picus-{NAME}-scaling" in failed.stderr
        assert f"make deploy STAGE={NAME}" in failed.stderr
    stage.cloud.client("cloudformation").delete_stack(StackName=f"picus-{NAME}-scaling")


def test_a_stage_that_is_none_is_refused(stage: Staging) -> None:
    refused = stage.run("ecs.deploy", "deploy", "No-Stage")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "'No-Stage' is no stage" in refused.stderr


@pytest.mark.parametrize("path", ["file", "delete_fn/new.py", "picus_api/core/new.py", "picus_project/new.py"])
def test_what_is_not_committed_is_not_deployed(stage: Staging, tmp_path: Path, path: str) -> None:
    variables = clone(tmp_path)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("two")
    refused = stage.run("ecs.deploy", "deploy", NAME, "--only=data", **variables)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there are changes without a commit" in refused.stderr
    assert path in refused.stderr


def test_notes_beside_the_code_are_no_change(stage: Staging, tmp_path: Path) -> None:
    variables = clone(tmp_path)
    (tmp_path / "notes.txt").write_text("two")
    deployed = stage.run("ecs.deploy", "deploy", NAME, "--only=data", **variables)
    assert deployed.returncode == 0, deployed.stderr
