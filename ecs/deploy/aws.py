"""The AWS CLI, version 1 or 2, as a subprocess: account, region and credentials are its own business."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ecs.deploy.errors import StepFailed

ROOT = Path(__file__).parent.parent.parent
# Neither asks questions nor pages; both versions know these.
QUIET = {"AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json", "AWS_CLI_AUTO_PROMPT": "off"}


class AwsRefused(StepFailed):
    """The AWS CLI ended with an error, which is `reason`."""


def aws(*arguments: str) -> Any:
    """Runs `aws ARGUMENTS`; its JSON answer, or None where it has none. Raises AwsRefused."""
    try:
        run = subprocess.run(  # noqa: S603 -- a list of our own, no shell
            ["aws", *arguments],  # noqa: S607 -- the operator's own, from the PATH
            cwd=ROOT,
            env=os.environ | QUIET,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise StepFailed("there is no `aws` on the PATH", "Install the AWS CLI.") from error
    if run.returncode:
        raise AwsRefused(run.stderr.strip() or run.stdout.strip())
    return json.loads(run.stdout) if run.stdout.lstrip().startswith(("{", "[", '"')) else None


def run(command: list[str], advice: str, **variables: str) -> None:
    """Runs a command in the project's folder, its output the operator's to read. Raises StepFailed with `advice`."""
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False)  # noqa: S603 -- as above
    if ended.returncode:
        raise StepFailed(f"`{' '.join(command)}` ended with status {ended.returncode}", advice)
