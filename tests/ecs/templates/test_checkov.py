"""checkov finds nothing, and every waiver is needed and has a reason."""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.dynamodb import ROOT
from tests.ecs.templates.template import NAMES, template


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    command = [str(ROOT / ".venv-checkov/bin/checkov"), "--directory", "ecs", "--framework", "cloudformation"]
    command += ["--skip-download", "--output", "json", "--soft-fail"]
    # Without the coverage measurement of this run.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTHON"))}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_checkov_reads_every_template_and_finds_nothing(report: dict[str, Any]) -> None:
    assert report["results"]["parsing_errors"] == []
    failed = [
        (found["file_path"], found["check_id"], found["resource"]) for found in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert report["summary"]["passed"] > 50


def test_every_waiver_is_needed_and_explained(report: dict[str, Any]) -> None:
    used = {(found["file_path"], found["resource"], found["check_id"]) for found in report["results"]["skipped_checks"]}
    declared = {
        (f"/{name}.yaml", f"{entry['Type']}.{logical_id}", waiver["id"])
        for name in NAMES
        for logical_id, entry in template(name)["Resources"].items()
        for waiver in entry.get("Metadata", {}).get("checkov", {}).get("skip", [])
        if len(waiver["comment"]) > 20
    }
    assert declared == used
