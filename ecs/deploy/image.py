"""The service's image: built and pushed once a commit, since the repository's tags never change."""

import os
import subprocess

from ecs.deploy.aws import ROOT, AwsRefused, aws, run
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage

PLATFORM = "linux/arm64"


def publish(stage: Stage) -> None:
    """Builds and pushes the commit's image, unless the repository has it."""
    if _is_published(stage):
        print(f"{stage['ImageUri']} is there already")
        return
    image = stage["ImageUri"]
    run(["bash", "ecs/image.sh", image], "See the output above; `make image` alone builds it too.", PLATFORM=PLATFORM)
    _log_in(image.partition("/")[0])
    run(["docker", "push", image], "See the output above.")


def plan(stage: Stage) -> list[str]:
    """What `publish` would do."""
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
    """Lets Docker push there for twelve hours. The password goes from one to the other, never into a command line."""
    command = f'aws ecr get-login-password | docker login --username AWS --password-stdin "{registry}"'
    shell = ["bash", "-o", "pipefail", "-c", command]
    ended = subprocess.run(shell, cwd=ROOT, env=os.environ, check=False)  # noqa: S603 -- the account's own registry
    if ended.returncode:
        raise StepFailed(f"Docker could not log in to {registry}", "See the output above.")
