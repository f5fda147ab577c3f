"""The AWS CLI on this session's emulator."""

import os

import pytest

from tests.dynamodb import CREDENTIALS, ROOT


@pytest.fixture
def aws_cli(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program's AWS CLI call the emulator, and no other DynamoDB, whatever this process uses."""
    path = f"{ROOT / '.venv-awscli/bin'}:{os.environ['PATH']}"
    address = {"AWS_ENDPOINT_URL": dynamodb_url, "DYNAMODB_ENDPOINT_URL": "http://127.0.0.1:1"}
    for name, value in {"PATH": path, "AWS_DEFAULT_REGION": "us-east-1", **address, **CREDENTIALS}.items():
        monkeypatch.setenv(name, value)
