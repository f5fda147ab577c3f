"""The step `image`, with a script in place of Docker and with ministack's ECR."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.ecs.rehearsal.clone import clone
from tests.ecs.rehearsal.rehearsed_stage import NAME, PARAMETERS, RehearsedStage

COMMIT = "d" * 40
DOCKER = """#!/bin/sh
echo "$@" >> "$DOCKER_LOG"
[ "$1" != build ] || echo "$BUILDX_NO_DEFAULT_ATTESTATIONS" > "$DOCKER_LOG.attestations"
[ "$1" != login ] || cat > "$DOCKER_LOG.password"
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Return the variables for a `docker` that logs its command lines, and for a repository without changes."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return {"DOCKER_LOG": str(tmp_path / "docker.log"), "TOOLS": str(tmp_path), **clone(tmp_path / "clone")}


def publish(
    stage: RehearsedStage, variables: dict[str, str], commit: str, *options: str
) -> subprocess.CompletedProcess[str]:
    path = f"{variables['TOOLS']}:{stage.emulator.environment()['PATH']}"
    return stage.run(
        *("ecs.deploy", "deploy", NAME, "--only=image", f"--set=Commit={commit}", *PARAMETERS, *options),
        PATH=path,
        **variables,
    )


def docker_calls(variables: dict[str, str]) -> list[str]:
    log = Path(variables["DOCKER_LOG"])
    return log.read_text().splitlines() if log.exists() else []


def test_image_is_built_for_arm_and_tagged_by_commit(stage: RehearsedStage, variables: dict[str, str]) -> None:
    image = f"{stage.outputs('registry')['RepositoryUri']}:{COMMIT}"
    published = publish(stage, variables, COMMIT)
    assert published.returncode == 0, published.stdout + published.stderr
    login, build, push = [line for line in docker_calls(variables) if line != "info"]
    assert build.startswith(f"build --platform linux/arm64 --tag {image} ")
    assert login == f"login --username AWS --password-stdin {image.partition('/')[0]}"
    assert push == f"push {image}"
    assert Path(variables["DOCKER_LOG"] + ".password").read_text().strip()
    # Only the pipeline's builder can make attestations.
    assert Path(variables["DOCKER_LOG"] + ".attestations").read_text() == "1\n"


def test_existing_image_is_not_built_again(stage: RehearsedStage, variables: dict[str, str]) -> None:
    tag = "e" * 40
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    repository = stage.outputs("registry")["RepositoryUri"].partition("/")[2]
    stage.emulator.client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
    published = publish(stage, variables, tag)
    assert published.returncode == 0, published.stdout + published.stderr
    assert f":{tag} is in the repository already: sha256:" in published.stdout
    assert docker_calls(variables) == []


def test_promoted_image_is_copied_by_its_digest(stage: RehearsedStage, variables: dict[str, str]) -> None:
    tag = "f" * 40
    ecr, uri = stage.emulator.client("ecr"), stage.outputs("registry")["RepositoryUri"]
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    missing = publish(stage, variables, tag, f"--set=PromoteFrom={NAME}")
    assert f"the stage {NAME} has no image of {tag}" in missing.stderr
    # A second repository, in place of another stage's.
    copy = ecr.create_repository(repositoryName="copy")["repository"]["repositoryUri"]
    put = ecr.put_image(repositoryName=uri.partition("/")[2], imageManifest=manifest, imageTag=tag)
    digest = put["image"]["imageId"]["imageDigest"]
    promoted = publish(stage, variables, tag, f"--set=PromoteFrom={NAME}", f"--set=RepositoryUri={copy}")
    # The script in place of Docker copies nothing.
    assert "the copy has the digest None" in promoted.stderr
    [*logins, copied] = [line for line in docker_calls(variables) if line != "info"]
    assert copied == f"buildx imagetools create --prefer-index=false --tag {copy}:{tag} {uri}@{digest}"
    assert len(logins) == 2
