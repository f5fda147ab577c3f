"""schemathesis against the whole domain, through the edge: every check, every path, every phase.

What the description can't say in JSON Schema is in hooks.py; which statuses are the contract's, in schemathesis.toml.
One check contradicts CloudFront: `unsupported_method` sends a GET with a body to paths without GET and wants a 405,
where CloudFront refuses any GET with a body by a 403 of its own. hooks.py takes the body away, and the check holds.
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
# Of each operation: about 15 seconds in all.
EXAMPLES = 25
# A guard: on a busy machine all takes longer.
SECONDS = 300


def _schemathesis(url: str, report: Path) -> "subprocess.CompletedProcess[str]":
    # From the file and not from the service, because schemathesis leaves out the path that it loads from.
    options = [
        "--url",
        url,
        "--checks",
        "all",
        "--generation-deterministic",
        f"--max-examples={EXAMPLES}",
        "--no-color",
    ]
    # It runs nothing of the product: to measure it would make it slow, and say nothing.
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


def test_the_domain_is_as_described(tmp_path: Path) -> None:
    with running_stack() as url:
        run = _schemathesis(url, tmp_path / "report.json")
    assert run.returncode == 0, run.stdout + run.stderr
    described = json.loads((FOLDER / "openapi.json").read_text())["paths"]
    operations = sum(len(path) for path in described.values())
    assert f"Selected: {operations}/{operations}" in run.stdout
    assert f"Tested: {operations}" in run.stdout
