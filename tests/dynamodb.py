"""A DynamoDB-compatible server for tests: ministack from its own environment, as a process."""

import os
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

from picus_project.local.processes import free_ports

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

ROOT = Path(__file__).parent.parent
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}


def free_port() -> int:
    """Return a loopback port on which nothing listens at the moment."""
    return free_ports(1)[0]


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float = 90) -> None:
    """Wait until ``url`` gives any response. Fail after some seconds, or when the process has ended."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=30):
                return
        except URLError as error:
            if getattr(error, "code", None):
                return
            assert process.poll() is None, f"it ended with status {process.returncode} before it served {url}"
            assert time.monotonic() < deadline, f"nothing at {url} after {seconds} s"
            time.sleep(0.02)


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server process; give it when ``url`` responds, and terminate it afterwards."""
    with started(subprocess.Popen(command, cwd=ROOT, env=os.environ | environment), url) as process:
        yield process


@contextmanager
def started(process: "subprocess.Popen[bytes]", url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a server process when ``url`` responds, and terminate it afterwards."""
    try:
        wait_for(url, process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def ministack() -> Iterator[str]:
    """Run an empty ministack, and give its address."""
    port = free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    url = f"http://127.0.0.1:{port}"
    command = [str(ROOT / ".venv-ministack/bin/python"), "-P", str(ROOT / "picus_project/local/ministack_server.py")]
    with running(command, f"{url}/_ministack/health", **settings):
        yield url


def resource(url: str) -> "DynamoDBServiceResource":
    """Return boto3's DynamoDB resource, as another program would use it."""
    return boto3.resource(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def new_table(url: str, key: str = "object_id", key_type: str = "S") -> "Table":
    """Create a table as operators of the old service made it."""
    return resource(url).create_table(
        TableName=f"picus_{uuid.uuid4().hex}",
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": key_type}],  # type: ignore[typeddict-item]
        BillingMode="PAY_PER_REQUEST",
    )
