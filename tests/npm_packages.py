"""Run programs of the npm packages in tests/npm."""

import os
import subprocess
from pathlib import Path

from tests.dynamodb import ROOT

NODE_MODULES = ROOT / "tests/npm/node_modules"


def npm_program(name: str, *arguments: str | Path, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run a program of an npm package and return its output, whatever its exit status."""
    assert NODE_MODULES.is_dir(), "run: npm ci --ignore-scripts --prefix tests/npm"
    # Redocly sends usage data otherwise.
    environment = os.environ | {"REDOCLY_TELEMETRY": "off", "NO_COLOR": "1"}
    command = [str(NODE_MODULES / ".bin" / name), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)
