"""The step `image`: what it asks of Docker, which does not run here, and of ECR, which ministack stands in for."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.rehearsal.clone import clone
from tests.rehearsal.staging import NAME, Staging

COMMIT = "d" * 40
DOCKER = """#!/bin/sh
echo "$@" >> "$DOCKER_LOG"
[ "$1" != build ] || echo "$BUILDX_NO_DEFAULT_ATTESTATIONS" > "$DOCKER_LOG.attestations"
[ "$1" != login ] || cat > "$DOCKER_LOG.password"
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """A Docker that writes down what it is asked, and a clone without changes, by the variables that lead to them."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return {"DOCKER_LOG": str(tmp_path / "docker.log"), "TOOLS": str(tmp_path), **clone(tmp_path / "clone")}


def publish(stage: Staging, variables: dict[str, str], commit: str) -> subprocess.CompletedProcess[str]:
    path = f"{variables['TOOLS']}:{stage.cloud.environment()['PATH']}"
    return stage.run("ecs.deploy", "deploy", NAME, "--only=image", f"--set=Commit={commit}", PATH=path, **variables)


def asked(variables: dict[str, str]) -> list[str]:
    log = Path(variables["DOCKER_LOG"])
    return log.read_text().splitlines() if log.exists() else []


def test_an_image_is_built_for_arm_and_pushed_by_its_commit(stage: Staging, variables: dict[str, str]) -> None:
    image = f"{stage.outputs('registry')['RepositoryUri']}:{COMMIT}"
    published = publish(stage, variables, COMMIT)
    assert published.returncode == 0, published.stdout + published.stderr
    build, login, push = [line for line in asked(variables) if line != "info"]
    assert build.startswith(f"build --platform linux/arm64 --tag {image} ")
    assert login == f"login --username AWS --password-stdin {image.partition('/')[0]}"
    assert push == f"push {image}"
    assert Path(variables["DOCKER_LOG"] + ".password").read_text().strip()
    # A manifest beside each image would count among the last thirty.
    assert Path(variables["DOCKER_LOG"] + ".attestations").read_text() == "1\n"


def test_an_image_that_is_there_is_not_built_again(stage: Staging, variables: dict[str, str]) -> None:
    tag = "e" * 40
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
    repository = stage.outputs("registry")["RepositoryUri"].partition("/")[2]
    stage.cloud.client("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
    published = publish(stage, variables, tag)
    assert published.returncode == 0, published.stdout + published.stderr
    assert f":{tag} is there already" in published.stdout
    assert asked(variables) == []
