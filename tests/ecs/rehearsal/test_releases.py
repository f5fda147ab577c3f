"""Releases while requests run: no request fails, and a bad release gets none."""

import time
from collections.abc import Callable

import pytest

from tests.dynamodb import free_port
from tests.ecs.rehearsal.ecs_scheduler import START_SECONDS
from tests.ecs.rehearsal.rehearsed_stage import FIRST, NAME, SECOND, RehearsedStage
from tests.ecs.rehearsal.request_stream import stream

SECONDS = 180.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition()` is true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_release_of_both_computes_fails_no_request(
    stage: RehearsedStage, contract_run: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = stage.commit, SECOND if stage.commit == FIRST else FIRST
    assert stage.scheduler.task
    address = stage.scheduler.task.address
    with stream(stage) as result:
        wait_until(lambda: result.versions[old] > 2, "the old version does not serve")
        released = stage.command("deploy", *(f"--only={name}" for name in ("service", "function", "smoke")), commit=new)
        stage.commit = new
        assert released.returncode == 0, released.stdout + released.stderr
        wait_until(lambda: address in stage.scheduler.exit_statuses, "the old version does not stop")
        seen = result.versions[new]
        wait_until(lambda: result.versions[new] > seen + 5, "the new version does not serve")
    with capsys.disabled():
        print(f"\na release while requests run: {result}")
    assert result.failures == []
    assert set(result.versions) == {old, new}
    assert stage.scheduler.exit_statuses[address] == 0
    function = stage.emulator.client("lambda").get_function_configuration(FunctionName=f"picus-delete-{NAME}")
    assert function["Environment"]["Variables"]["PICUS_COMMIT"] == new


@pytest.mark.parametrize("flaw", ["crashes at its start", "never becomes healthy"])
def test_bad_release_never_gets_a_request(stage: RehearsedStage, flaw: str, capsys: pytest.CaptureFixture[str]) -> None:
    other_port = {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{free_port()}"}
    stage.scheduler.variables = {"DYNAMODB_TABLE_NAME": ""} if flaw == "crashes at its start" else other_port
    stage.scheduler.start_seconds = 5.0  # The second flaw takes all of them.
    good, given_up = stage.scheduler.definition, len(stage.scheduler.given_up)
    stage.scheduler.start_seconds = 4.0
    try:
        with stream(stage) as result:
            stage.scheduler.update_service(stage.scheduler.register_revision())
            wait_until(lambda: len(stage.scheduler.given_up) > given_up, "the bad release is not given up")
    finally:
        # As the circuit breaker does.
        stage.scheduler.variables, stage.scheduler.start_seconds = {}, START_SECONDS
        stage.scheduler.update_service(good)
    with capsys.disabled():
        print(f"\na release that {flaw}: {result}")
    assert result.failures == []
    assert set(result.versions) == {stage.commit}
    assert stage.scheduler.definition == good
