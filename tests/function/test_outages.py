"""The packaged function's responses when DynamoDB or settings fail: code that trimming could have removed."""

import json
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.dynamodb import CREDENTIALS, ROOT, free_port
from tests.faulty import faulty_dynamodb
from tests.function.function import Function, command, expected, running_function
from tests.http_server import Server, dynamodb_response, replies

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

UNAVAILABLE = '{"error": "The item store is unavailable at the moment: try again later.", "code": "unavailable"}'
BUSY = (
    '{"error": "The item store has more requests than it can take at the moment: try again later.", '
    '"code": "throttled"}'
)
NO_METADATA_SERVICE = {"AWS_EC2_METADATA_DISABLED": "true"}


def only_cause(function: Function) -> str:
    """Return the cause that the function logged for its first request."""
    *attempts, cause, request = function.log()
    assert all(line["logger"].startswith("picus_api.core.dynamodb.") for line in attempts)
    assert request["message"] == "request"
    assert request["status"] == 503
    assert cause["level"] in ("ERROR", "WARNING")
    assert cause["request_id"] == request["request_id"]
    return str(cause["cause"])


def test_a_closed_port_is_a_503(fresh: Path) -> None:
    with running_function(fresh, DYNAMODB_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}") as function:
        assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
        cause = only_cause(function)
    assert cause.startswith(
        # The function reads the read-only switch before it deletes.
        "NoResponse: No response from DynamoDB to GetItem (attempts: 4): connecting to 127.0.0.1:"
    )


def test_silent_dynamodb_is_503_before_function_timeout(fresh: Path) -> None:
    settings = json.loads((ROOT / "zappa_settings.json").read_text())["base"]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with running_function(fresh, DYNAMODB_ENDPOINT_URL=url) as function:
            assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
            *_, request = function.log()
    assert request["message"] == "request"
    assert request["duration_ms"] < settings["timeout_seconds"] * 1000 * 0.75


def test_a_missing_table_is_a_503(fresh: Path, dynamodb_url: str) -> None:
    with running_function(fresh, DYNAMODB_TABLE_NAME="missing", DYNAMODB_ENDPOINT_URL=dynamodb_url) as function:
        assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
        assert "ResourceNotFoundException" in only_cause(function)


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"]
)
def test_throttling_is_a_503_with_retry_after(fresh: Path, dynamodb_url: str, code: str) -> None:
    with (
        faulty_dynamodb(dynamodb_url, lambda operation, count: (400, code)) as url,
        running_function(fresh, DYNAMODB_ENDPOINT_URL=url) as function,
    ):
        assert function.send("DELETE", "/picus/1") == expected(503, BUSY, Retry_After="1")
        assert only_cause(function).startswith(f"ServiceError: An error occurred ({code}) ")


@pytest.mark.parametrize(
    "failure", [(400, "ProvisionedThroughputExceededException"), (500, "InternalServerError"), (0, "")]
)
def test_one_failure_is_retried(
    fresh: Path, table: "Table", dynamodb_url: str, failure: tuple[int, str], request: pytest.FixtureRequest
) -> None:
    key = request.node.name
    table.put_item(Item={"object_id": "retried " + key})
    with (
        faulty_dynamodb(dynamodb_url, lambda operation, count: failure if count == 1 else None) as url,
        running_function(fresh, DYNAMODB_TABLE_NAME=table.name, DYNAMODB_ENDPOINT_URL=url) as function,
    ):
        path = "/picus/retried%20" + key.replace("[", "%5B").replace("]", "%5D")
        assert function.send("DELETE", path)["statusCode"] == 200


def test_connections_that_are_cut_are_a_503(fresh: Path, dynamodb_url: str) -> None:
    with (
        faulty_dynamodb(dynamodb_url, lambda operation, count: (0, "")) as url,
        running_function(fresh, DYNAMODB_ENDPOINT_URL=url) as function,
    ):
        assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
        assert "the connection was closed" in only_cause(function)


def test_a_refused_credential_is_a_503(fresh: Path, dynamodb_url: str) -> None:
    with (
        faulty_dynamodb(dynamodb_url, lambda operation, count: (400, "UnrecognizedClientException")) as url,
        running_function(fresh, DYNAMODB_ENDPOINT_URL=url) as function,
    ):
        assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
        assert "UnrecognizedClientException" in only_cause(function)


def test_no_credentials_are_a_503(fresh: Path, dynamodb_url: str) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "DYNAMODB_ENDPOINT_URL": dynamodb_url}
    with running_function(fresh, **nothing, **NO_METADATA_SERVICE) as function:
        assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
        assert only_cause(function).startswith("NoCredentialsError: ")


def test_container_endpoint_gives_credentials(fresh: Path, table: "Table", dynamodb_url: str) -> None:
    keys = {
        "AccessKeyId": "local",
        "SecretAccessKey": "local",
        "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    table.put_item(Item={"object_id": "snap"})
    with Server(replies(dynamodb_response(200, json.dumps(keys).encode()))) as server:
        settings = {
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret",
            "DYNAMODB_TABLE_NAME": table.name,
            "DYNAMODB_ENDPOINT_URL": dynamodb_url,
        }
        with running_function(fresh, **settings) as function:
            assert function.send("DELETE", "/picus/snap")["statusCode"] == 200
    assert [request.headers["authorization"] for request in server.requests] == ["secret"]


def test_shared_files_give_credentials_and_endpoint(
    fresh: Path, table: "Table", dynamodb_url: str, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(f"[profile p]\nregion = us-east-1\nendpoint_url = {dynamodb_url}\n")
    (tmp_path / "credentials").write_text("[p]\naws_access_key_id = local\naws_secret_access_key = local\n")
    settings = dict.fromkeys(CREDENTIALS, "") | {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_PROFILE": "p",
        "DYNAMODB_TABLE_NAME": table.name,
    }
    table.put_item(Item={"object_id": "shared"})
    with running_function(fresh, **settings) as function:
        assert function.send("DELETE", "/picus/shared")["statusCode"] == 200


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "dynamodb.us-east-1.amazonaws.com"),
        ({"AWS_REGION": "eu-central-1"}, "dynamodb.eu-central-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "dynamodb.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"}, "dynamodb.us-gov-west-1.amazonaws.com"),
        ({"AWS_REGION": "us-west-2", "AWS_USE_FIPS_ENDPOINT": "true"}, "dynamodb-fips.us-west-2.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "dynamodb.us-east-1.api.aws"),
        ({"AWS_ACCOUNT_ID": "123456789012"}, "dynamodb.us-east-1.amazonaws.com"),
        ({"AWS_REGION": "moon-north-1"}, "dynamodb.moon-north-1.amazonaws.com"),
        ({"SSL_CERT_FILE": "/nowhere", "SSL_CERT_DIR": "/nowhere"}, "dynamodb.us-east-1.amazonaws.com"),
    ],
)
def test_default_endpoint_is_that_of_aws(fresh: Path, settings: dict[str, str], host: str) -> None:
    with running_function(fresh, **settings) as function:
        assert function.send("DELETE", "/picus/1") == expected(503, UNAVAILABLE)
        assert f": connecting to {host}:443 failed: there is no way out" in only_cause(function)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "DYNAMODB_TABLE_NAME is not set."),
        ({"DYNAMODB_TABLE_NAME": ""}, "DYNAMODB_TABLE_NAME is not set."),
        (
            {"DYNAMODB_TABLE_NAME": "t", "DYNAMODB_ENDPOINT_URL": "localhost:8000"},
            "DYNAMODB_ENDPOINT_URL must be an http:// or https:// address, not 'localhost:8000'.",
        ),
        (
            {"DYNAMODB_TABLE_NAME": "t", "ANONYMOUS_SCOPES": "all"},
            "ANONYMOUS_SCOPES must list read, write and delete, or be none, not 'all'.",
        ),
    ],
)
def test_wrong_setting_ends_initialisation_by_name(unpacked: Path, settings: dict[str, str], sentence: str) -> None:
    run = subprocess.run(
        command(unpacked), env=CREDENTIALS | settings, input="", capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == f"picus_api.core.environment.SettingError: {sentence}"
