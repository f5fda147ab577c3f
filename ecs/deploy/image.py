"""The service's image, built and pushed once for each commit: a tag in the repository never changes."""

import os
import subprocess

from ecs.deploy.aws import ROOT, AwsRefused, aws, run
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

PLATFORM = "linux/arm64"


def publish(stage: Stage) -> None:
    """Build and push the image of the commit, unless the repository has it."""
    if _is_published(stage):
        print(f"{stage['ImageUri']} is in the repository already")
        return
    image = stage["ImageUri"]
    run(
        ["bash", "ecs/image.sh", image],
        "See the output above. `make image` builds the image without pushing it.",
        PLATFORM=PLATFORM,
    )
    _log_in(image.partition("/")[0])
    run(["docker", "push", image], "See the output above.")


def plan(stage: Stage) -> list[str]:
    """Return what `publish` would do, a line each."""
    try:
        return [] if _is_published(stage) else [f"Build and push {stage['ImageUri']}"]
    except KeyError:
        return ["Build and push the commit's image, once there is a repository"]


def _is_published(stage: Stage) -> bool:
    repository, tag = stage["RepositoryUri"].partition("/")[2], stage["ImageUri"].rpartition(":")[2]
    names = ("--repository-name", repository, "--image-ids", f"imageTag={tag}")
    try:
        return bool(aws("ecr", "describe-images", *names)["imageDetails"])
    except AwsRefused as error:
        if "ImageNotFound" in error.reason:
            return False
        raise


def _log_in(registry: str) -> None:
    """Log Docker in for twelve hours. The password goes through a pipe, never into a command line."""
    command = f'aws ecr get-login-password | docker login --username AWS --password-stdin "{registry}"'
    shell = ["bash", "-o", "pipefail", "-c", command]
    ended = subprocess.run(shell, cwd=ROOT, env=os.environ, check=False)  # noqa: S603 -- the registry of the account
    if ended.returncode:
        raise StepFailed(f"Docker could not log in to {registry}", "See the output above.")
