"""The environments of the stack's programs."""

import os
import subprocess
from pathlib import Path

import pytest

import manage
from picus_project.local.config import (
    StackConfig,
    child_environment,
    command_environment,
    ministack_environment,
    table_environment,
)
from picus_project.local.data_dir import stack_env


def config(endpoint_url: str | None) -> StackConfig:
    return StackConfig(port=8080, table_name="table", endpoint_url=endpoint_url, data_dir=Path("/data"))


def test_own_server_gets_own_credentials_and_region() -> None:
    outer = {"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SESSION_TOKEN": "x", "AWS_REGION": "eu-west-1"}
    outer |= {"AWS_CONFIG_FILE": "/broken", "AWS_ENDPOINT_URL": "http://elsewhere", "AWS_CA_BUNDLE": "/missing"}
    env = child_environment(config(None), 1001, outer)
    assert {name: value for name, value in env.items() if name.startswith(("AWS_", "DYNAMODB_"))} == {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:1001",
        "DYNAMODB_TABLE_NAME": "table",
    }


def test_another_server_gets_dummies_where_nothing_is_set() -> None:
    assert table_environment(config("http://elsewhere:8000"), 1001, {}) == {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DYNAMODB_ENDPOINT_URL": "http://elsewhere:8000",
        "DYNAMODB_TABLE_NAME": "table",
    }
    region = {"AWS_DEFAULT_REGION": "eu-west-1"}
    assert table_environment(config("http://elsewhere:8000"), 1001, region)["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_another_server_keeps_the_callers_credentials(name: str) -> None:
    outer = {name: "mine", "AWS_REGION": "eu-west-1"}
    env = child_environment(config("http://elsewhere:8000"), 1001, outer)
    found = {name: value for name, value in env.items() if name.startswith("AWS_")}
    assert found == outer


def test_aws_itself_gets_nothing_added() -> None:
    assert table_environment(config(""), 1001, {}) == {"DYNAMODB_ENDPOINT_URL": "", "DYNAMODB_TABLE_NAME": "table"}


def test_commands_share_settings_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that the service does not have is not taken from the command's own environment."""
    outer = {"TTL_ATTRIBUTE": "it's due; $HOME", "DYNAMODB_TOKENS_TABLE_NAME": "tokens"}
    names = (*outer, "DYNAMODB_IDEMPOTENCY_TABLE_NAME")
    monkeypatch.setattr(os, "environ", {"LOCAL_DATA_DIR": str(tmp_path), names[-1]: "other"})
    with stack_env(tmp_path, command_environment(config("http://elsewhere:8000"), 1001, outer)):
        manage.use_local_stack()
        assert {name: os.environ[name] for name in names} == {**outer, names[-1]: ""}
        assert os.environ["DYNAMODB_ENDPOINT_URL"] == "http://elsewhere:8000"
        shell = subprocess.run(
            ["/bin/sh", "-c", f'. {tmp_path}/stack.env; printf %s "$TTL_ATTRIBUTE"'], check=True, capture_output=True
        )
    assert shell.stdout.decode() == outer["TTL_ATTRIBUTE"]


def test_debug_is_dropped_and_local_hosts_are_allowed() -> None:
    env = child_environment(config(None), 1001, {"DEBUG": "1", "PATH": "/bin"})
    assert "DEBUG" not in env
    assert (env["PATH"], env["ALLOWED_HOSTS"]) == ("/bin", "127.0.0.1,localhost")
    assert child_environment(config(None), 1001, {"ALLOWED_HOSTS": "x"})["ALLOWED_HOSTS"] == "x"


def test_loopback_is_excluded_from_proxies() -> None:
    env = child_environment(config(None), 1001, {"no_proxy": "corp.example"})
    assert (env["no_proxy"], env["NO_PROXY"]) == ("corp.example,127.0.0.1,localhost", "127.0.0.1,localhost")


def test_ministack_is_loopback_only_and_ignores_outer_config() -> None:
    env = ministack_environment(config(None), 1001, {"PATH": "/bin", "HOME": "/home/x", "AUTH": "1", "USE_SSL": "1"})
    assert env == {
        "PATH": "/bin",
        "HOME": "/home/x",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": "1001",
        "SERVICES": "dynamodb",
        "PERSIST_STATE": "1",
        "STATE_DIR": "/data/ministack",
        "TMPDIR": "/data/ministack",
        "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///data/ministack/no-docker.sock",
    }
