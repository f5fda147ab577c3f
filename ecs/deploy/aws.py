"""The AWS CLI, version 1 or 2, as a subprocess. It finds account, region and credentials itself."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from ecs.deploy.errors import StepFailed

ROOT = Path(__file__).parent.parent.parent
# No pager and no questions, in both versions.
QUIET = {"AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json", "AWS_CLI_AUTO_PROMPT": "off"}


class AwsRefused(StepFailed):
    """The AWS CLI failed; `reason` is its error message."""


def aws(*arguments: str) -> Any:
    """Run `aws ARGUMENTS` and return its JSON output, or None if there is none. Raises AwsRefused."""
    try:
        run = subprocess.run(  # noqa: S603 -- a fixed list, no shell
            ["aws", *arguments],  # noqa: S607 -- the operator's, from the PATH
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
    """Run a command in the project's folder, its output unchanged. Raises StepFailed with `advice` if it fails."""
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=False)  # noqa: S603 -- as above
    if ended.returncode:
        raise StepFailed(f"`{' '.join(command)}` ended with status {ended.returncode}", advice)
