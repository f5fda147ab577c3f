"""`manage.py doctor`, as an operator or a script runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.doctor.deployed import COMMIT, STAGE, Deployed
from tests.dynamodb import CREDENTIALS, ROOT, free_port


def doctor(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DYNAMODB_", "AWS_"))}
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_all_is_well(stage: Deployed, public: str, package: Path, aws: dict[str, str]) -> None:
    run = doctor("--stage", STAGE, "--url", public, "--commit", COMMIT, "--package", str(package), **aws)
    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert len(lines) > 40
    assert all(line.startswith("OK      ") for line in lines)
    assert f"OK      version: the domain serves {COMMIT}, asked for was {COMMIT}" in lines


def test_another_commit_is_status_1_and_each_line_can_be_json(
    stage: Deployed, public: str, package: Path, aws: dict[str, str]
) -> None:
    options = ("--stage", STAGE, "--url", public, "--package", str(package), "--json")
    run = doctor(*options, "--commit", "f" * 40, **aws)
    assert run.returncode == 1
    wrong = [line for line in map(json.loads, run.stdout.splitlines()) if line["verdict"] != "OK"]
    assert [(line["subject"], line["verdict"]) for line in wrong] == [("version", "FAIL")]
    assert wrong[0]["fix"]
    assert run.stderr == "54 findings: 1 wrong, 0 not looked at.\n"


def test_a_package_that_was_not_made_is_status_2(
    stage: Deployed, public: str, tmp_path: Path, aws: dict[str, str]
) -> None:
    run = doctor("--stage", STAGE, "--url", public, "--package", str(tmp_path / "no.zip"), **aws)
    assert run.returncode == 2
    assert [line for line in run.stdout.splitlines() if not line.startswith("OK")] == [
        f"UNKNOWN function: there is no {tmp_path}/no.zip to compare with -- make package, then again"
    ]


def test_a_stage_that_was_never_deployed_is_said_in_a_line_for_each_subject(aws: dict[str, str]) -> None:
    run = doctor("--stage", "nowhere", **aws)
    assert run.returncode == 2
    assert "UNKNOWN edge: " in run.stdout
    assert "Stack with id picus-nowhere-roles does not exist" in run.stdout
    assert "Traceback" not in run.stderr


def test_an_aws_that_does_not_answer_is_said_without_a_traceback() -> None:
    run = doctor("--stage", STAGE, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}", **CREDENTIALS)
    assert run.returncode == 2
    assert "Could not connect to the endpoint URL" in run.stdout
    assert "Traceback" not in run.stderr


def test_a_stage_must_be_named() -> None:
    run = doctor()
    assert (run.returncode, run.stdout) == (2, "")
    assert "--stage" in run.stderr
