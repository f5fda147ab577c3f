"""`manage.py doctor` on what `make deploy` made, without and with a fault."""

import json
import subprocess
import sys

from tests.dynamodb import ROOT
from tests.ecs.rehearsal.rehearsed_stage import NAME, RehearsedStage

# Properties of the templates that ministack's CloudFormation ignores.
NOT_KEPT = [
    "table: point-in-time recovery is DISABLED",
    "idempotency table: its records expire by nothing",
    "token table: its records expire by nothing",
]
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}}


def diagnose(stage: RehearsedStage) -> tuple[int, list[str]]:
    """Return the exit status of the doctor, and the problems that it finds."""
    run = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--stage", NAME, "--url", stage.url, "--commit", stage.commit],
        cwd=ROOT,
        env=stage.emulator.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in run.stderr, run.stderr
    lines = [line for line in run.stdout.splitlines() if not line.startswith("OK ")]
    assert len(run.stdout.splitlines()) > len(lines) + 20
    return run.returncode, [line.removeprefix("FAIL    ").partition(" -- ")[0] for line in lines]


def test_doctor_finds_only_what_ministack_did_not_keep(stage: RehearsedStage) -> None:
    assert diagnose(stage) == (1, NOT_KEPT)


def test_doctor_finds_a_role_that_allows_too_much(stage: RehearsedStage) -> None:
    iam, role = stage.emulator.client("iam"), stage.outputs("roles")["TaskRoleArn"].rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=json.dumps(EVERYTHING))
    try:
        _, found = diagnose(stage)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="more")
    assert [line for line in found if line not in NOT_KEPT] == ["service's role: it also allows dynamodb:* on *"]
