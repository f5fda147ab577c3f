"""A DynamoDB-compatible server for tests: ministack from its own environment, as a process."""

import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

ROOT = Path(__file__).parent.parent
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    """Return once ``url`` answers at all."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except URLError as error:
            if getattr(error, "code", None):
                return
            assert process.poll() is None, f"it ended with status {process.returncode} before it served {url}"
            assert time.monotonic() < deadline, f"nothing at {url} after {seconds} s"
            time.sleep(0.02)


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A server process, from its first answer to its clean end."""
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
    try:
        wait_for(url, process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def ministack() -> Iterator[str]:
    """The address of a fresh, empty server."""
    port = free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    url = f"http://127.0.0.1:{port}"
    with running([str(ROOT / ".venv-ministack/bin/ministack")], f"{url}/_ministack/health", **settings):
        yield url


def resource(url: str) -> "DynamoDBServiceResource":
    """Plain boto3: what another program would use."""
    return boto3.resource(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def new_table(url: str, key: str = "object_id", key_type: str = "S") -> "Table":
    """A table as the old service's operators made it by hand."""
    return resource(url).create_table(
        TableName=f"picus_{uuid.uuid4().hex}",
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": key_type}],  # type: ignore[typeddict-item]
        BillingMode="PAY_PER_REQUEST",
    )
