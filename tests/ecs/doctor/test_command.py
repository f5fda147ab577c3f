"""`manage.py doctor`, as an operator or a script runs it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.dynamodb import CREDENTIALS, ROOT, free_port
from tests.ecs.doctor.emulated_stage import COMMIT, STAGE, EmulatedStage
from tests.preloaded import run_python


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return doctor_in(ROOT, *arguments, **environment)


def doctor_in(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command of a checkout in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DYNAMODB_", "AWS_"))}
    # Without the configuration of whoever runs the tests.
    inherited |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return run_python(["manage.py", "doctor", *arguments], inherited | environment, cwd=folder)


def test_good_deployment_is_status_0(stage: EmulatedStage, service_url: str, aws_environment: dict[str, str]) -> None:
    options = ("--stage", STAGE, "--url", service_url, "--commit", COMMIT, "--package", str(stage.package))
    run = doctor(*options, **aws_environment)
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert len(lines) > 20
    assert all(line.startswith("OK      ") for line in lines)
    assert f"OK      version: the domain serves {COMMIT}, {COMMIT} is deployed, --commit is {COMMIT}" in lines
    assert "OK      access: anonymous: read; no tokens" in lines


def test_another_commit_is_status_1_also_as_json(
    stage: EmulatedStage, service_url: str, aws_environment: dict[str, str]
) -> None:
    options = ("--stage", STAGE, "--url", service_url, "--package", str(stage.package), "--json")
    run = doctor(*options, "--commit", "f" * 40, **aws_environment)
    assert run.returncode == 1
    found = [json.loads(line) for line in run.stdout.splitlines()]
    [wrong] = [line for line in found if line["verdict"] != "OK"]
    assert (wrong["subject"], wrong["verdict"], bool(wrong["fix"])) == ("version", "FAIL", True)
    assert run.stderr == f"1 of {len(found)} findings are wrong, 0 unknown.\n"


def test_missing_package_is_status_2(service_url: str, tmp_path: Path, aws_environment: dict[str, str]) -> None:
    run = doctor("--stage", STAGE, "--url", service_url, "--package", str(tmp_path / "no.zip"), **aws_environment)
    assert run.returncode == 2
    assert [line for line in run.stdout.splitlines() if not line.startswith("OK")] == [
        f"UNKNOWN function: there is no {tmp_path}/no.zip to compare with -- make package, then again"
    ]


FIX = "check stage, region, credentials and clock"


def only_unknown(run: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that is not OK; the command says nothing else."""
    assert (run.returncode, run.stderr.count("\n")) == (2, 1), run.stderr
    [line] = [line for line in run.stdout.splitlines() if not line.startswith("OK ")]
    return line


def test_stage_without_stacks_is_said_once(aws_environment: dict[str, str]) -> None:
    line = only_unknown(doctor("--stage", "production", **aws_environment))
    assert line == f"UNKNOWN AWS: there are no stacks of a stage 'production' in this account and region -- {FIX}"


def test_unknown_stage_is_refused_with_the_known_ones() -> None:
    run = doctor("--stage", "nowhere")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "picus: There is no stage 'nowhere': zappa_settings.json has production, staging.\n"


def test_unreachable_aws_is_said_once() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    line = only_unknown(doctor("--stage", STAGE, AWS_ENDPOINT_URL=url, **CREDENTIALS))
    assert line.startswith(f'UNKNOWN AWS: Could not connect to the endpoint URL: "{url}/"')


@pytest.mark.parametrize(
    ("missing", "cause"), [("AWS_REGION", "You must specify a region."), ("AWS_ACCESS_KEY_ID", "credentials")]
)
def test_missing_setting_of_aws_is_said_once(
    missing: str, cause: str, stage: EmulatedStage, aws_environment: dict[str, str]
) -> None:
    left = {name: value for name, value in aws_environment.items() if not name.startswith(missing)}
    line = only_unknown(doctor("--stage", STAGE, AWS_EC2_METADATA_DISABLED="true", **left))
    assert line.startswith("UNKNOWN AWS: ")
    assert cause in line


def test_copy_without_ecs_says_that_it_needs_a_checkout(tmp_path: Path) -> None:
    for name in ("manage.py", "picus_api", "picus_project"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    run = doctor_in(tmp_path, "--stage", STAGE)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "picus: doctor needs a checkout of Picus: there is no module ecs.\n"


def test_stage_is_required() -> None:
    run = doctor()
    assert (run.returncode, run.stdout) == (2, "")
    assert "--stage" in run.stderr
