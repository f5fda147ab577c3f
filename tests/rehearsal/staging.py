"""The stage that is rehearsed: what `make deploy STAGE=staging` does, and what it left on the stand-ins."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.dynamodb import ROOT
from tests.rehearsal.clone import clone
from tests.rehearsal.cloud import Cloud, cloud
from tests.rehearsal.fargate import Fargate

NAME = "staging"
# What ministack refuses (scaling), and what needs a container engine: both have tests of their own.
LEFT_OUT = ("image", "scaling")
FIRST, SECOND = "1" * 40, "2" * 40


@dataclass
class Staging:
    """A stage on the stand-ins."""

    cloud: Cloud
    fargate: Fargate
    # The variables that lead git to a clone without changes.
    clone: dict[str, str]
    # What serves, or is to.
    commit: str = FIRST

    def command(
        self, command: str, *options: str, commit: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """`make deploy`, `plan` or `destroy`, with the addresses of the stand-ins."""
        here = {
            "ApiHost": "localhost",
            "ApiPort": self.cloud.url.rpartition(":")[2],
            "ApiProtocol": "http-only",
            "ApiPath": "/_aws/execute-api/{ApiId}/{ApiStage}",
            "Url": f"https://{{DomainName}}:{self.cloud.edge_port}",
            "Commit": commit or self.commit,
            "SmokeSeconds": "30",
        }
        given = [f"--set={name}={value}" for name, value in here.items()]
        left_out = [f"--skip={name}" for name in LEFT_OUT]
        return self.run("ecs.deploy", command, NAME, *given, *left_out, *options, **variables)

    def run(self, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A module as a process of its own that finds the distribution on this machine, from start to end."""
        with self.started(module, *arguments, **variables) as process:
            stdout, stderr = process.communicate()
            return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def started(self, module: str, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """The same, just started."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.rehearsal.resolver", module, *arguments],
            cwd=ROOT,
            env=self.cloud.environment(**self.clone | variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def outputs(self, name: str) -> dict[str, str]:
        """The outputs of one of its stacks."""
        found = self.cloud.client("cloudformation").describe_stacks(StackName=f"picus-{NAME}-{name}")["Stacks"][0]
        return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}

    @property
    def url(self) -> str:
        """What the public calls."""
        return f"https://{self.outputs('edge')['DomainName']}:{self.cloud.edge_port}"


@contextmanager
def staging() -> Iterator[Staging]:
    """A deployed stage, from an empty account."""
    assert (ROOT / "build/delete_fn.zip").exists(), "the function's package is not built: make package"
    with cloud() as account, tempfile.TemporaryDirectory() as folder:
        fargate = Fargate(account, NAME)
        stage = Staging(account, fargate, clone(Path(folder)))
        try:
            deployed = stage.command("deploy")
            assert deployed.returncode == 0, deployed.stdout + deployed.stderr
            yield stage
        finally:
            fargate.stop()


def statuses(stage: Staging) -> dict[str, str]:
    """The account's stacks that are there, with their statuses."""
    pages = stage.cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}
