"""Which variables the stack's programs get."""

from pathlib import Path

import pytest

from picus_project.local.settings import (
    Ports,
    Settings,
    child_environment,
    ministack_environment,
    table_environment,
)

PORTS = Ports(dynamodb=1001, service=1002, gateway=1003)


def settings(endpoint_url: str | None) -> Settings:
    return Settings(port=8080, table_name="table", endpoint_url=endpoint_url, data_dir=Path("/data"))


def test_the_own_server_gets_the_stacks_own_credentials_and_region_whatever_the_caller_has() -> None:
    outer = {"AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SESSION_TOKEN": "x", "AWS_REGION": "eu-west-1"}
    env = child_environment(settings(None), PORTS, outer)
    assert {name: value for name, value in env.items() if name.startswith(("AWS_", "DYNAMODB_"))} == {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:1001",
        "DYNAMODB_TABLE_NAME": "table",
    }


def test_another_server_gets_dummies_only_where_there_is_nothing() -> None:
    assert table_environment(settings("http://elsewhere:8000"), PORTS, {}) == {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "DYNAMODB_ENDPOINT_URL": "http://elsewhere:8000",
        "DYNAMODB_TABLE_NAME": "table",
    }


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"])
def test_another_server_keeps_the_callers_credentials_and_region(name: str) -> None:
    outer = {name: "mine", "AWS_REGION": "eu-west-1"}
    env = child_environment(settings("http://elsewhere:8000"), PORTS, outer)
    found = {name: value for name, value in env.items() if name.startswith("AWS_")}
    assert found == outer


def test_aws_itself_gets_nothing_added() -> None:
    assert table_environment(settings(""), PORTS, {}) == {"DYNAMODB_ENDPOINT_URL": "", "DYNAMODB_TABLE_NAME": "table"}


def test_debug_is_never_passed_on_and_the_service_answers_to_its_local_names() -> None:
    env = child_environment(settings(None), PORTS, {"DEBUG": "1", "PATH": "/bin"})
    assert "DEBUG" not in env
    assert (env["PATH"], env["ALLOWED_HOSTS"]) == ("/bin", "127.0.0.1,localhost")
    assert child_environment(settings(None), PORTS, {"ALLOWED_HOSTS": "x"})["ALLOWED_HOSTS"] == "x"


def test_no_proxy_stands_between_the_parts() -> None:
    env = child_environment(settings(None), PORTS, {"no_proxy": "corp.example"})
    assert (env["no_proxy"], env["NO_PROXY"]) == ("corp.example,127.0.0.1,localhost", "127.0.0.1,localhost")


def test_ministack_listens_on_loopback_only_and_takes_nothing_of_the_callers_settings() -> None:
    env = ministack_environment(settings(None), PORTS, {"PATH": "/bin", "HOME": "/home/x", "AUTH": "1", "USE_SSL": "1"})
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
