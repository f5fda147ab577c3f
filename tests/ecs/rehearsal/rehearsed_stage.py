"""The rehearsed stage: deployed to emulators by the program that `make deploy STAGE=staging` runs."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ecs.deploy.stage import stack_name
from tests.dynamodb import ROOT
from tests.ecs.rehearsal.clone import clone
from tests.ecs.rehearsal.ecs_scheduler import EcsScheduler
from tests.ecs.rehearsal.emulator import Emulator, running_emulator
from tests.stack import ANONYMOUS_SCOPES

NAME = "staging"
# ministack refuses the resources of scaling, and image needs a container engine. Both have other tests.
SKIPPED = ("image", "scaling")
PARAMETERS = (f"--set=AnonymousScopes={ANONYMOUS_SCOPES}", "--set=Email=operator@example.com")
FIRST, SECOND = "1" * 40, "2" * 40


@dataclass
class RehearsedStage:
    """A stage that is deployed to the emulators, and the commands of its operator."""

    emulator: Emulator
    scheduler: EcsScheduler
    # Variables that make git use a repository without changes.
    clone: dict[str, str]
    # The commit that is deployed.
    commit: str = FIRST

    def command(
        self, command: str, *options: str, commit: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `make deploy`, `plan` or `destroy` with the addresses of the emulators."""
        addresses = {
            "ApiHost": "localhost",
            "ApiPort": self.emulator.url.rpartition(":")[2],
            "ApiProtocol": "http-only",
            "ApiPath": "/_aws/execute-api/{ApiId}/{ApiStage}",
            "Url": f"https://{{DomainName}}:{self.emulator.edge_port}",
            "Commit": commit or self.commit,
            "SmokeSeconds": "120",
            # Without a container engine there is no image, and so no digest.
            "ImageUri": "{RepositoryUri}:{Commit}",
            "MaxReadUnits": "40000",
        }
        given = [*PARAMETERS, *(f"--set={name}={value}" for name, value in addresses.items())]
        skipped = [f"--skip={name}" for name in SKIPPED]
        return self.run("ecs.deploy", command, NAME, *given, *skipped, *options, **variables)

    def run(self, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a module in a process that resolves AWS's names to this machine, and wait for its end."""
        with self.started(module, *arguments, **variables) as process:
            stdout, stderr = process.communicate()
            return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def started(self, module: str, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a module in a process that resolves AWS's names to this machine."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.ecs.rehearsal.resolver", module, *arguments],
            cwd=ROOT,
            env=self.emulator.environment(**self.clone | variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def picus(self, *arguments: str, **variables: str) -> str:
        """Run `./picus` with an operator's credentials, and return its output."""
        command = [sys.executable, "manage.py", *arguments]
        environment = self.emulator.environment(**variables)
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout

    def outputs(self, name: str) -> dict[str, str]:
        """Return the outputs of the stack of a step."""
        found = self.emulator.client("cloudformation").describe_stacks(StackName=stack_name(NAME, name))["Stacks"][0]
        return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}

    @property
    def url(self) -> str:
        """Return the public address."""
        return f"https://{self.outputs('edge')['DomainName']}:{self.emulator.edge_port}"


@contextmanager
def deployed_stage() -> Iterator[RehearsedStage]:
    """Deploy the stage to an empty account."""
    assert (ROOT / "build/delete_fn.zip").exists(), "the function's package is not built: make package"
    with running_emulator() as emulator, tempfile.TemporaryDirectory() as folder:
        scheduler = EcsScheduler(emulator, NAME)
        stage = RehearsedStage(emulator, scheduler, clone(Path(folder)))
        try:
            deployed = stage.command("deploy")
            assert deployed.returncode == 0, deployed.stdout + deployed.stderr
            yield stage
        finally:
            scheduler.stop()


def statuses(stage: RehearsedStage) -> dict[str, str]:
    """Return the statuses of all stacks of the account, by name."""
    pages = stage.emulator.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {stack["StackName"]: stack["StackStatus"] for page in pages for stack in page["Stacks"]}
