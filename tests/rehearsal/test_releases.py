"""Releases while requests run: a good one is not noticed, a bad one is never seen."""

import time
from collections.abc import Callable

import pytest

from tests.dynamodb import free_port
from tests.rehearsal.staging import FIRST, NAME, SECOND, Staging
from tests.rehearsal.stream import stream

SECONDS = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition, a callable, to hold."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_a_release_of_both_computes_fails_no_request(
    stage: Staging, contract_run: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = stage.commit, SECOND if stage.commit == FIRST else FIRST
    stopped = len(stage.fargate.stopped_with)
    with stream(stage) as receipt:
        until(lambda: receipt.versions[old] > 2, "the old version does not serve")
        released = stage.command("deploy", *(f"--only={name}" for name in ("service", "function", "smoke")), commit=new)
        stage.commit = new
        assert released.returncode == 0, released.stdout + released.stderr
        until(lambda: len(stage.fargate.stopped_with) > stopped, "the old version does not stop")
        seen = receipt.versions[new]
        until(lambda: receipt.versions[new] > seen + 5, "the new version does not serve")
    with capsys.disabled():
        print(f"\na release while requests run: {receipt}")
    assert receipt.failures == []
    assert set(receipt.versions) == {old, new}
    assert stage.fargate.stopped_with[stopped:] == [0]
    function = stage.cloud.client("lambda").get_function_configuration(FunctionName=f"picus-delete-{NAME}")
    assert function["Environment"]["Variables"]["PICUS_COMMIT"] == new


@pytest.mark.parametrize("flaw", ["crashes at its start", "starts and never gets healthy"])
def test_a_bad_release_never_gets_a_request(stage: Staging, flaw: str, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{free_port()}"}
    stage.fargate.variables = {"DYNAMODB_TABLE_NAME": ""} if flaw == "crashes at its start" else elsewhere
    good, given_up = stage.fargate.definition, len(stage.fargate.given_up)
    try:
        with stream(stage) as receipt:
            stage.fargate.update_service(stage.fargate.another_revision())
            until(lambda: len(stage.fargate.given_up) > given_up, "the bad release is not given up")
    finally:
        # What the circuit breaker does.
        stage.fargate.variables = {}
        stage.fargate.update_service(good)
    with capsys.disabled():
        print(f"\na release that {flaw}: {receipt}")
    assert receipt.failures == []
    assert set(receipt.versions) == {stage.commit}
    assert stage.fargate.definition == good
