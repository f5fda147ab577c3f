"""Run schemathesis against the whole domain, through the edge: every check, every path, every phase.

hooks.py has what the description can't say in JSON Schema, schemathesis.toml the statuses of the contract. The check
`unsupported_method` sends a GET with a body to paths without GET and expects a 405, but CloudFront refuses a GET with a
body by a 403. hooks.py removes the body.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from picus_api.openapi.views import FOLDER
from tests.dynamodb import ROOT
from tests.stack import running_stack

HERE = Path(__file__).parent
# For each operation. The run takes about 10 seconds.
EXAMPLES = 12
# A limit for busy machines.
SECONDS = 300


def _schemathesis(url: str, report: Path) -> "subprocess.CompletedProcess[str]":
    # The description is a file, because schemathesis does not test the path that it loads a description from.
    options = [
        "--url",
        url,
        "--checks",
        "all",
        "--generation-deterministic",
        f"--max-examples={EXAMPLES}",
        "--no-color",
    ]
    # Coverage would be slow and measure no product code.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"),
            *(str(FOLDER / "openapi.json"), *options, "--report-json-path", str(report)),
        ],
        cwd=ROOT,
        env=environment | {"SCHEMATHESIS_HOOKS": "tests.service.openapi.hooks"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_service_conforms_to_its_description(tmp_path: Path) -> None:
    with running_stack() as url:
        run = _schemathesis(url, tmp_path / "report.json")
    assert run.returncode == 0, run.stdout + run.stderr
    described = json.loads((FOLDER / "openapi.json").read_text())["paths"]
    operations = sum(len(path) for path in described.values())
    assert f"Selected: {operations}/{operations}" in run.stdout
    assert f"Tested: {operations}" in run.stdout
