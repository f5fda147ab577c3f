"""The emulator of AWS: ministack with IAM enforced, a certificate for *.cloudfront.net, and boto3 clients."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from picus_project.local.processes import free_ports
from tests.dynamodb import ROOT, running
from tests.ecs.rehearsal import aws_cli
from tests.stack import clean_environment

REGION = "us-east-1"
# ministack accepts this access key as the root of the account.
ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Emulator:
    """A running ministack: `url` for tools and computes, `edge_port` with TLS for viewers of a distribution."""

    url: str
    edge_port: int
    certificate: Path
    # The folder of the command `aws`.
    tools: Path
    # Role ARNs by the access keys of `assume`.
    assumed: dict[str, str] = field(default_factory=dict)

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of an operator's shell, with `variables` added."""
        path = f"{self.tools}:{os.environ['PATH']}"
        aws = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, **ROOT_KEY}
        trust = {"SSL_CERT_FILE": str(self.certificate)}
        return clean_environment(**{"PATH": path, **aws, **trust, **variables})

    def client(self, service: str, **credentials: str) -> Any:
        """Return a boto3 client with `credentials` (boto3's keywords), or with the account's root."""
        return _client(self.url, service, tuple(credentials.items()))

    def assume(self, role_arn: str) -> dict[str, str]:
        """Return credentials of a role, as boto3's keywords, in place of ECS or Lambda.

        The role trusts ECS or Lambda only, which ministack can't assume, so it trusts everybody for a moment.
        """
        iam, name = self.client("iam"), role_arn.rpartition("/")[2]
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        anybody = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust | {"Statement": [anybody]}))
        found = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="rehearsal")["Credentials"]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        self.assumed[found["AccessKeyId"]] = role_arn
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }


@cache
def _client(url: str, service: str, credentials: tuple[tuple[str, str], ...]) -> Any:
    given = dict(credentials) or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=url, region_name=REGION, **given)  # type: ignore[call-overload]


@contextmanager
def running_emulator() -> Iterator[Emulator]:
    """Run an emulator with an empty account."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = _certificate(Path(folder))
        edge_port, port = free_ports(2)
        url = f"http://127.0.0.1:{port}"
        settings = {
            "AUTH": "true",
            "AWS_ENDPOINT_URL": url,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(edge_port),
            "PLAIN_PORT": str(port),
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(key),
            "LAMBDA_EXECUTOR": "local",
            "CLOUDTRAIL_RECORDING": "1",
            "CLOUDTRAIL_MAX_EVENTS": "1000000",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "ERROR",
            "S3_DATA_DIR": folder,
            "TMPDIR": folder,
        }
        python = str(ROOT / ".venv-ministack/bin/python")
        command = [python, str(ROOT / "tests/ecs/rehearsal/ministack_server.py")]
        with running(command, f"{url}/_ministack/health", **settings), _aws_cli(Path(folder)) as tools:
            yield Emulator(url, edge_port, certificate, tools)


@contextmanager
def _aws_cli(folder: Path) -> Iterator[Path]:
    """Run the AWS CLI as a process and yield the folder of its command."""
    tools, address = folder / "tools", folder / "aws.socket"
    command = [str(ROOT / ".venv-awscli/bin/python"), aws_cli.__file__, str(address)]
    process = subprocess.Popen(command, env=clean_environment())
    try:
        aws_cli.install(tools, address)
        while not address.exists():
            assert process.poll() is None, "the AWS CLI does not start"
            time.sleep(0.02)
        yield tools
    finally:
        process.terminate()
        process.wait(timeout=30)


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=rehearsal"
    names = ["-addext", "subjectAltName=DNS:*.cloudfront.net,DNS:localhost,IP:127.0.0.1"]
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
    return certificate, key
