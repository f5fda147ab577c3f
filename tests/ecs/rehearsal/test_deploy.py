"""The deployment program as its operator sees it: plans, failed steps, refusals."""

from pathlib import Path

import pytest

from ecs.deploy.__main__ import access_sentence
from tests.ecs.rehearsal.clone import clone
from tests.ecs.rehearsal.rehearsed_stage import NAME, PARAMETERS, RehearsedStage, statuses


def test_plan_lists_changes_and_makes_none(stage: RehearsedStage) -> None:
    before, commit = statuses(stage), "c" * 40
    planned = stage.command("plan", "--only=data", "--only=service", "--only=function", commit=commit)
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "data: no changes" in planned.stdout
    assert "TaskDefinition (AWS::ECS::TaskDefinition" in planned.stdout
    assert f"function: \n  Modify  picus-delete-{NAME}: from {stage.commit} to {commit}" in planned.stdout
    assert statuses(stage) == before
    function = stage.emulator.client("lambda").get_function_configuration(FunctionName=f"picus-delete-{NAME}")
    assert function["Environment"]["Variables"]["PICUS_COMMIT"] == stage.commit
    sets = stage.emulator.client("cloudformation").list_change_sets(StackName=f"picus-{NAME}-service")
    assert "picus-plan" not in [entry["ChangeSetName"] for entry in sets["Summaries"]]


def test_plan_of_a_new_stage_lists_its_resources(stage: RehearsedStage) -> None:
    planned = stage.run("ecs.deploy", "plan", "production", "--only=data")
    assert (planned.returncode, planned.stdout) == (0, "data: \n  Add     AWS::DynamoDB::Table\n"), planned.stderr


def test_failed_step_prints_its_name_cause_and_remedy(stage: RehearsedStage) -> None:
    for _ in range(2):  # the second run finds what the first left
        # It fails because ministack has no such resources.
        failed = stage.run("ecs.deploy", "deploy", NAME, "--only=scaling", *PARAMETERS)
        assert failed.returncode == 1
        assert "step scaling failed" in failed.stderr
        assert "ApplicationAutoScaling" in failed.stderr
        assert f"describe-stack-events --stack-name picus-{NAME}-scaling" in failed.stderr
        assert f"make deploy STAGE={NAME}" in failed.stderr
    stage.emulator.client("cloudformation").delete_stack(StackName=f"picus-{NAME}-scaling")


def test_invalid_stage_name_is_refused(stage: RehearsedStage) -> None:
    refused = stage.run("ecs.deploy", "deploy", "No-Stage")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "'No-Stage' is not the name of a stage" in refused.stderr


@pytest.mark.parametrize("path", ["file", "delete_fn/new.py", "picus_api/core/new.py", "picus_project/new.py"])
def test_uncommitted_files_are_not_deployed(stage: RehearsedStage, tmp_path: Path, path: str) -> None:
    variables = clone(tmp_path)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text("two")
    refused = stage.run("ecs.deploy", "deploy", NAME, "--only=data", *PARAMETERS, **variables)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there are uncommitted changes" in refused.stderr
    assert path in refused.stderr


def test_untracked_files_outside_the_packages_are_allowed(stage: RehearsedStage, tmp_path: Path) -> None:
    variables = clone(tmp_path)
    (tmp_path / "notes.txt").write_text("two")
    deployed = stage.run("ecs.deploy", "deploy", NAME, "--only=data", *PARAMETERS, **variables)
    assert deployed.returncode == 0, deployed.stderr


def test_deploy_says_who_has_access(stage: RehearsedStage) -> None:
    deployed = stage.command("deploy", "--only=data")
    assert (deployed.returncode, deployed.stderr) == (0, f"{access_sentence('read,write,delete')}\n")
