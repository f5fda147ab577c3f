"""The step `image`, with a script in place of Docker and with ministack's ECR."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.ecs.rehearsal.clone import clone
from tests.ecs.rehearsal.rehearsed_stage import NAME, RehearsedStage

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


def publish(stage: RehearsedStage, variables: dict[str, str], commit: str) -> subprocess.CompletedProcess[str]:
    path = f"{variables['TOOLS']}:{stage.emulator.environment()['PATH']}"
    return stage.run("ecs.deploy", "deploy", NAME, "--only=image", f"--set=Commit={commit}", PATH=path, **variables)


def docker_calls(variables: dict[str, str]) -> list[str]:
    log = Path(variables["DOCKER_LOG"])
    return log.read_text().splitlines() if log.exists() else []


def test_image_is_built_for_arm_and_tagged_by_commit(stage: RehearsedStage, variables: dict[str, str]) -> None:
    image = f"{stage.outputs('registry')['RepositoryUri']}:{COMMIT}"
    published = publish(stage, variables, COMMIT)
    assert published.returncode == 0, published.stdout + published.stderr
    build, login, push = [line for line in docker_calls(variables) if line != "info"]
    assert build.startswith(f"build --platform linux/arm64 --tag {image} ")
    assert login == f"login --username AWS --password-stdin {image.partition('/')[0]}"
    assert push == f"push {image}"
    assert Path(variables["DOCKER_LOG"] + ".password").read_text().strip()
    # The manifest of an attestation would count among the thirty images that are kept.
    assert Path(variables["DOCKER_LOG"] + ".attestations").read_text() == "1\n"


def test_existing_image_is_not_built_again(stage: RehearsedStage, variables: dict[str, str]) -> None:
    tag = "e" * 40
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    repository = stage.outputs("registry")["RepositoryUri"].partition("/")[2]
    stage.emulator.client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
    published = publish(stage, variables, tag)
    assert published.returncode == 0, published.stdout + published.stderr
    assert f":{tag} is in the repository already" in published.stdout
    assert docker_calls(variables) == []
