"""A stage's file and the names of its stacks."""

import json
from pathlib import Path

import pytest

from ecs.deploy import smoke
from ecs.deploy.__main__ import access_sentence, main
from ecs.deploy.errors import StepFailed
from ecs.deploy.stacks import StackState, parameter_names, required_parameters
from ecs.deploy.stage import Stage, stack_name


@pytest.fixture
def stage_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the file of the stage `staging`, in a folder for this test."""
    monkeypatch.setattr("ecs.deploy.stage.ROOT", tmp_path)
    path = tmp_path / "ecs" / "stages" / "staging.json"
    path.parent.mkdir(parents=True)
    return path


def test_idempotency_stack_keeps_its_first_name() -> None:
    assert stack_name("staging", "idempotency") == "picus-staging-records"
    assert stack_name("staging", "data") == "picus-staging-data"


def test_set_overrides_file_and_file_overrides_outputs(stage_file: Path) -> None:
    stage_file.write_text(json.dumps({"TableName": "file", "AllowedHosts": "{CustomDomain}"}))
    stage = Stage("staging", {"TableName": "set"})
    stage.add_outputs(StackState("a", "CREATE_COMPLETE", {}, {"TableName": "output", "CustomDomain": "output.example"}))
    assert (stage["TableName"], stage["AllowedHosts"]) == ("set", "output.example")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps({"Skip": ["data", "records"]}), "there is no step records"),
        ("{", "ecs/stages/staging.json is not valid JSON"),
    ],
)
def test_bad_stage_file_is_refused(
    content: str, reason: str, stage_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage_file.write_text(content)
    assert main(["plan", "staging"]) == 1
    assert reason in capsys.readouterr().err


def test_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StepFailed, match="there is no stage stagin: ecs/stages has production, staging"):
        Stage("stagin")


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        (
            {},
            "AnonymousScopes: what requests without a token may do:"
            " none (every client needs a token), or read,write,delete",
        ),
        ({"AnonymousScopes": "none"}, "Email: the address that alarms and the budget are sent to"),
    ],
)
def test_stage_without_a_required_setting_is_refused(
    said: dict[str, str], missing: str, stage_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage_file.write_text(json.dumps(said))
    assert main(["deploy", "staging"]) == 1
    error = capsys.readouterr().err
    assert f"picus: ecs/stages/staging.json does not say {missing}" in error
    assert 'To do: Add "' in error


@pytest.mark.parametrize(
    ("scopes", "sentence", "statuses"),
    [
        ("none", "every request needs a token", [401, 401, 401]),
        ("read", "everybody on the internet may list and get all items", [404, 401, 401]),
        ("read,write", "may list and get, create and change all items", [404, 401]),
        ("write,delete,read", "may create and change, delete, list and get all items", [201, 200, 200, 404]),
    ],
)
def test_smoke_requests_follow_the_anonymous_scopes(scopes: str, sentence: str, statuses: list[int]) -> None:
    assert sentence in access_sentence(scopes)
    assert [status for _, _, status in smoke.requests(scopes)] == statuses


def test_required_parameters_are_those_without_a_default() -> None:
    assert required_parameters("data") == set()
    assert {"TaskSecurityGroupId", "TargetGroupArn", "AnonymousScopes"} <= required_parameters("service")
    assert "AllowedHosts" not in required_parameters("service")
    assert all(required_parameters(name) <= set(parameter_names(name)) for name in ("api", "edge", "roles"))
