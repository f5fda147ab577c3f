"""The service's image, built and pushed once for each commit: a tag in the repository never changes.

A stage with `PromoteFrom` builds nothing. It copies the image that the earlier stage has tested, with the same digest.
"""

import os
import subprocess

from ecs.deploy import stacks
from ecs.deploy.aws import ROOT, run
from ecs.deploy.errors import StepFailed
from ecs.deploy.stage import Stage, image_digest, stack_name

PLATFORM = "linux/arm64"


def publish(stage: Stage) -> None:
    """Build and push the image of the commit, or copy it from the earlier stage, unless the repository has it."""
    tag = stage["ImageTag"]
    if digest := image_digest(stage["RepositoryUri"], stage["Commit"]):
        print(f"{tag} is in the repository already: {digest}")
    elif stage["PromoteFrom"]:
        _promote(stage)
    else:
        _build(tag)


def plan(stage: Stage) -> list[str]:
    """Return what `publish` would do, a line each."""
    verb = f"Copy from {stage['PromoteFrom']}" if stage["PromoteFrom"] else "Build and push"
    try:
        if image_digest(stage["RepositoryUri"], stage["Commit"]):
            return []
        return [f"{verb} {stage['ImageTag']}"]
    except KeyError:
        return [f"{verb} the commit's image, once there is a repository"]


def _build(tag: str) -> None:
    _log_in(tag)
    run(
        ["bash", "ecs/image.sh", tag],
        "See the output above. `make image` builds the image without pushing it.",
        PLATFORM=PLATFORM,
        PUSH="1",
    )


def _promote(stage: Stage) -> None:
    """Copy an image with its attestations from registry to registry, and check that the digest is the same."""
    source = _source_repository(stage)
    digest = image_digest(source, stage["Commit"])
    if digest is None:
        reason = f"the stage {stage['PromoteFrom']} has no image of {stage['Commit']}"
        raise StepFailed(reason, f"Deploy the commit there first: make deploy STAGE={stage['PromoteFrom']}")
    for image in {source, stage["RepositoryUri"]}:
        _log_in(image)
    copy = ["docker", "buildx", "imagetools", "create", "--prefer-index=false"]
    run([*copy, "--tag", stage["ImageTag"], f"{source}@{digest}"], "See the output above.")
    copied = image_digest(stage["RepositoryUri"], stage["Commit"])
    if copied != digest:
        raise StepFailed(f"the copy has the digest {copied} instead of {digest}", "Delete its tag, and deploy again.")
    print(f"{stage['ImageTag']} is the image that {stage['PromoteFrom']} runs: {digest}")


def _source_repository(stage: Stage) -> str:
    found = stacks.find(stack_name(stage["PromoteFrom"], "registry"))
    if found is None:
        raise StepFailed(f"there is no stage {stage['PromoteFrom']}", "Deploy it first, or correct PromoteFrom.")
    return found.outputs["RepositoryUri"]


def _log_in(image: str) -> None:
    """Log Docker in for twelve hours. The password goes through a pipe, never into a command line."""
    registry = image.partition("/")[0]
    command = f'aws ecr get-login-password | docker login --username AWS --password-stdin "{registry}"'
    shell = ["bash", "-o", "pipefail", "-c", command]
    ended = subprocess.run(shell, cwd=ROOT, env=os.environ, check=False)  # noqa: S603 -- the registry of the account
    if ended.returncode:
        raise StepFailed(f"Docker could not log in to {registry}", "See the output above.")
