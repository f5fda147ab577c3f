"""The settings that Zappa deploys the function with, against Zappa itself."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.dynamodb import ROOT

STAGES = ["staging", "production"]
# Zappa's default is another for each of these, and harmful: see its README.
SAFE = {
    "api_key_required": True,
    "binary_support": False,
    "debug": False,
    "endpoint_configuration": ["REGIONAL"],
    "keep_warm": False,
    "log_level": "INFO",
    "manage_roles": False,
    "payload_compression": False,
    "touch": False,
    "use_precompiled_packages": False,
}


def settings_of(stage: str) -> dict[str, Any]:
    """Return the settings of a stage, merged as Zappa merges them: one level deep."""
    settings = json.loads((ROOT / "zappa_settings.json").read_text())
    return {**settings["base"], **settings[stage]}


@pytest.mark.parametrize("stage", STAGES)
def test_no_unsafe_default_is_left(stage: str) -> None:
    settings = settings_of(stage)

    assert {name: settings[name] for name in SAFE} == SAFE
    assert settings["lambda_handler"] == "delete_fn.handler.handler"
    assert settings["apigateway_version"] == "v1"
    # Zappa makes up a bucket's name for every run, and a role's that may do nearly everything.
    assert {"role_name", "s3_bucket"} <= set(settings)


@pytest.mark.parametrize("stage", STAGES)
def test_the_function_gets_its_settings_from_lambda(stage: str) -> None:
    # "environment_variables" would only be set by Zappa's own handler.
    assert set(settings_of(stage)["aws_environment_variables"]) == {"DYNAMODB_TABLE_NAME"}
    assert "environment_variables" not in settings_of(stage)


def test_stages_share_no_table_role_or_bucket() -> None:
    staging, production = map(settings_of, STAGES)

    for name in ("role_name", "s3_bucket", "aws_environment_variables"):
        assert staging[name] != production[name]


def test_every_setting_is_one_that_zappa_reads() -> None:
    [source] = ROOT.glob(".venv-package/lib/python*/site-packages/zappa/cli.py")
    text = source.read_text()

    for stage in STAGES:
        assert [name for name in settings_of(stage) if f'"{name}"' not in text] == []


@pytest.mark.parametrize("stage", STAGES)
def test_zappa_makes_regional_gateway_with_key(stage: str, tmp_path: Path) -> None:
    command = [str(ROOT / ".venv-package/bin/python"), "-m", "zappa.cli", "template", stage, "--json"]
    command += ["--settings_file", str(ROOT / "zappa_settings.json"), "--output", str(tmp_path / "gateway.json")]
    command += ["--lambda-arn", "arn:aws:lambda:us-east-1:000000000000:function:f"]
    command += ["--role-arn", "arn:aws:iam::000000000000:role/r"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)

    resources = json.loads((tmp_path / "gateway.json").read_text())["Resources"].values()
    [gateway] = [entry["Properties"] for entry in resources if entry["Type"] == "AWS::ApiGateway::RestApi"]
    methods = [entry["Properties"] for entry in resources if entry["Type"] == "AWS::ApiGateway::Method"]
    paths = [entry["Properties"]["PathPart"] for entry in resources if entry["Type"] == "AWS::ApiGateway::Resource"]
    assert gateway["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert paths == ["{proxy+}"]
    assert {(method["HttpMethod"], method["ApiKeyRequired"]) for method in methods} == {("ANY", True)}
    assert {method["Integration"]["Type"] for method in methods} == {"AWS_PROXY"}
