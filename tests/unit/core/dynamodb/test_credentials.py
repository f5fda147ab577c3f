"""Credentials of the environment and of botocore's chain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.credentials import EnvProvider
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError, PartialCredentialsError

from picus_api.core.dynamodb.credentials import CredentialProvider, from_environment
from picus_api.core.dynamodb.signing import Credentials
from tests.http_server import Server, dynamodb_response, replies

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_SESSION_TOKEN": "session"},
        {"AWS_SECURITY_TOKEN": "old", "AWS_SESSION_TOKEN": "session"},
        {"AWS_SECURITY_TOKEN": "", "AWS_SESSION_TOKEN": "session"},
        {"AWS_SESSION_TOKEN": ""},
        {"AWS_PROFILE": "other"},
    ],
)
def test_the_environment_is_read_as_botocore_reads_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = EnvProvider().load()
    assert found
    assert from_environment() == tuple(found.get_frozen_credentials())[:3]


def test_a_key_without_its_secret_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    with pytest.raises(PartialCredentialsError, match="AWS_SECRET_ACCESS_KEY"):
        CredentialProvider().current()


def test_missing_credentials_are_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    provider = CredentialProvider()
    for _ in range(2):
        with pytest.raises(NoCredentialsError):
            provider.current()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "late")
    assert provider.current().access_key == "late"


def test_a_profile_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = AK\naws_secret_access_key = SK\naws_session_token = T\n"
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert CredentialProvider().current() == Credentials("AK", "SK", "T")


def test_expiring_environment_is_left_to_botocore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2099-01-01T00:00:00Z")
    assert from_environment() is None
    assert CredentialProvider().current() == Credentials("local", "local", None)


def test_call_loads_no_botocore_session_and_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        # orjson is not in the function's package.
        "import sys; sys.modules['orjson'] = None; from picus_api.core.dynamodb.transport import create_transport;"
        "create_transport(sys.argv[1]).call('ListTables', {});"
        "heavy = ('botocore.session', 'botocore.credentials', 'urllib3', 'requests', 'ssl', 'http', 'email',"
        " 'uuid', 'decimal', 'dateutil', 'jmespath', 'pynamodb');"
        "print([name for name in heavy if name in sys.modules])"
    )
    with Server(replies(dynamodb_response(200, b"{}"))) as server:
        # Coverage is not measured: it would import more.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        command = [sys.executable, "-c", script, server.url]
        ran = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    assert ran.stdout == "[]\n"


def test_refused_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/")
    with pytest.raises(CredentialRetrievalError, match="Unsupported host"):
        CredentialProvider().current()
