"""Permissions and commands of the workflows. zizmor, in `make test`, checks the rest."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dynamodb import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
# An expression in a command line could insert a pull request's title, so values go through the environment.
EXPRESSION = "${{"


def load(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    return {str(key): value for key, value in yaml.safe_load(path.read_text()).items()}


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(path)["jobs"]
    return found


def commands() -> Iterator[tuple[str, str]]:
    for path in FILES:
        for name, job in jobs(path).items():
            for step in job.get("steps", []):
                if "run" in step:
                    yield f"{path.name} {name}", step["run"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_with_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text())
    assert used
    local = {f"$/.github/workflows/{file.name}" for file in FILES}
    assert [line for line in used if line not in local and not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_jobs_may_read_code_and_request_an_oidc_token_only(path: Path) -> None:
    everywhere = load(path)["permissions"]
    allowed = ({"contents": "read"}, {"contents": "read", "id-token": "write"})
    assert everywhere in ({}, {"contents": "read"})
    assert [name for name, job in jobs(path).items() if job.get("permissions", everywhere) not in allowed] == []


def test_ci_and_forks_get_no_token() -> None:
    assert "id-token" not in (FOLDER / "ci.yml").read_text()
    plan = jobs(FOLDER / "deploy.yml")["plan"]
    assert "head.repo.full_name == github.repository" in plan["if"]
    assert all("pull_request_target" not in load(path)["True"] for path in FILES)


def test_no_stored_secret_is_used() -> None:
    assert [path.name for path in FILES if "secrets" in path.read_text()] == []


def test_no_expression_is_inserted_into_a_shell_command() -> None:
    assert [where for where, command in commands() if EXPRESSION in command] == []


def test_every_make_target_of_a_workflow_exists() -> None:
    called = {target for _, command in commands() for target in MAKE.findall(command)}
    rules = re.findall(r"^([a-z][a-z -]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    known = {target for rule in rules for target in rule.split()}
    assert called >= {"run", "test", "plan", "deploy"}
    assert called - known == set()


def test_production_follows_staging_and_staging_follows_ci() -> None:
    found = jobs(FOLDER / "deploy.yml")
    assert found["ci"]["uses"].endswith("/ci.yml")
    assert (found["staging"]["needs"], found["production"]["needs"]) == ("ci", "staging")
    assert [found[stage]["with"] for stage in ("staging", "production")] == [
        {"stage": "staging"},
        {"stage": "production"},
    ]


def test_known_vulnerabilities_stop_a_release() -> None:
    audit = jobs(FOLDER / "ci.yml")["audit"]
    assert [step["run"] for step in audit["steps"] if "run" in step] == ["make audit"]
    assert "continue-on-error" not in str(audit)
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert {entry["package-ecosystem"] for entry in updates} == {"uv", "npm", "github-actions", "docker"}
    folders = [folder for entry in updates for folder in entry.get("directories", [])]
    assert [folder for folder in folders if not (ROOT / folder.lstrip("/")).is_dir()] == []


def test_production_runs_the_image_that_staging_tested() -> None:
    stages = {name: json.loads((ROOT / f"ecs/stages/{name}.json").read_text()) for name in ("staging", "production")}
    assert stages["production"]["PromoteFrom"] == "staging"
    assert "PromoteFrom" not in stages["staging"]
    [deploy] = [step for step in jobs(FOLDER / "stage.yml")["deploy"]["steps"] if step.get("name") == "Deploy"]
    assert deploy["env"]["ATTEST"] == "1"
    script = (ROOT / "ecs/image.sh").read_text()
    assert "--provenance=mode=max --sbom=true" in script
    assert "docker-image://$base@$digest" in script


def test_deployments_of_one_stage_never_overlap() -> None:
    deploy = jobs(FOLDER / "stage.yml")["deploy"]
    assert deploy["environment"] == "${{ inputs.stage }}"
    assert deploy["concurrency"] == {"group": "deploy-${{ inputs.stage }}", "cancel-in-progress": False}


def test_deployment_ends_with_tests_of_the_public_domain() -> None:
    steps = [step.get("run", "") for step in jobs(FOLDER / "stage.yml")["deploy"]["steps"]]
    text = "\n".join(steps)
    roles = [
        step["with"]["role-to-assume"]
        for step in jobs(FOLDER / "stage.yml")["deploy"]["steps"]
        if "aws-region" in str(step)
    ]
    assert [role.split(".")[1].split()[0] for role in roles] == ["AWS_DEPLOY_ROLE_ARN", "AWS_DOCTOR_ROLE_ARN"]
    order = ["make deploy", "/__version__", "pytest tests/contract", "manage.py doctor"]
    assert [text.find(part) for part in order] == sorted(text.find(part) for part in order)
    assert -1 not in [text.find(part) for part in order]
    assert "env.GITHUB_SHA" in text
