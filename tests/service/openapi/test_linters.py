"""The recommended rules of Redocly and of Spectral find nothing in the description."""

import json

from picus_api.openapi.views import FOLDER
from tests.npm_packages import NODE_MODULES, npm_program

DESCRIPTION = FOLDER / "openapi.json"


def test_redocly_finds_no_problem() -> None:
    run = npm_program("redocly", "lint", DESCRIPTION, "--extends=recommended", "--format=json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["problems"] == []


def test_spectral_finds_no_problem() -> None:
    ruleset = NODE_MODULES.parent / "spectral.yaml"
    run = npm_program("spectral", "lint", "--ruleset", ruleset, "--fail-severity=hint", DESCRIPTION)
    assert run.returncode == 0, run.stdout + run.stderr
