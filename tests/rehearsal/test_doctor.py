"""`manage.py doctor` on what `make deploy` made, and once that is broken."""

import json
import subprocess
import sys

from tests.dynamodb import ROOT
from tests.rehearsal.staging import NAME, Staging

# What the templates and Zappa ask for and ministack's CloudFormation does not keep.
NOT_KEPT = [
    "table: point-in-time recovery is off",
    "idempotency table: its records expire by nothing",
    "API Gateway: its endpoint is ",
]
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}}


def diagnose(stage: Staging) -> tuple[int, list[str]]:
    """The doctor's exit status, and what it finds wrong."""
    run = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--stage", NAME, "--url", stage.url, "--commit", stage.commit],
        cwd=ROOT,
        env=stage.cloud.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in run.stderr, run.stderr
    lines = [line for line in run.stdout.splitlines() if not line.startswith("OK ")]
    assert len(run.stdout.splitlines()) > len(lines) + 40
    return run.returncode, [line.removeprefix("FAIL    ").partition(" -- ")[0] for line in lines]


def test_the_doctor_finds_nothing_wrong_but_what_the_stand_in_did_not_keep(stage: Staging) -> None:
    assert diagnose(stage) == (1, NOT_KEPT)


def test_the_doctor_finds_a_role_that_grants_too_much(stage: Staging) -> None:
    iam, role = stage.cloud.client("iam"), stage.outputs("roles")["TaskRoleArn"].rpartition("/")[2]
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=json.dumps(EVERYTHING))
    try:
        _, found = diagnose(stage)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="more")
    name = stage.outputs("data")["TableName"]
    arn = stage.cloud.client("dynamodb").describe_table(TableName=name)["Table"]["TableArn"]
    assert [line for line in found if line not in NOT_KEPT] == [
        f"service's role: it has dynamodb:* too, on {name}",
        f"service's role: it has dynamodb:* too, on {name}_idempotency",
        f"service's role: on *, {arn}, {arn}_idempotency",
        "service's role: its wildcard actions: dynamodb:*",
    ]
