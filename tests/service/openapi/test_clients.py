"""Clients generated from the description type-check strictly and work, and so do the examples in docs/clients.md."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from tests.dynamodb import ROOT
from tests.npm_packages import NODE_MODULES, npm_program
from tests.stack import running_stack

FLOWS = Path(__file__).parent / "clients"
DOCUMENTED_URL = "http://127.0.0.1:8080"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start a local stack for the clients."""
    with running_stack() as url:
        yield url


def run(folder: Path, *command: str | Path) -> str:
    """Return the output of a command that must succeed. Coverage is off, because the commands run no product code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def example(language: str, url: str) -> str:
    """Return the example in docs/clients.md, for this URL."""
    [code] = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/clients.md").read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 13
    assert DOCUMENTED_URL in code
    return str(code).replace(DOCUMENTED_URL, url)


def test_python_client_works(url: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("post_hooks: []\n")  # Only formatters, which take time.
    options = ("--meta", "none", "--config", "config.yaml", "--fail-on-warning", "--output-path", "picus_client")
    run(tmp_path, BIN / "openapi-python-client", "generate", "--url", f"{url}/schema/", *options)
    copy(FLOWS / "client_flow.py", tmp_path)
    (tmp_path / "example.py").write_text(example("python", url))
    run(tmp_path, BIN / "mypy", "--strict", "--config-file=", "--cache-dir=.mypy", ".")
    run(tmp_path, sys.executable, "client_flow.py", url)
    assert "Red chair" in run(tmp_path, sys.executable, "example.py")


def test_typescript_client_works(url: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}\n')
    (tmp_path / "example.ts").write_text(example("typescript", url))
    for name in ("client_flow.ts", "tsconfig.json"):
        copy(FLOWS / name, tmp_path)
    generated = npm_program("openapi-typescript", f"{url}/schema/", "--output", tmp_path / "picus.d.ts")
    assert generated.returncode == 0, generated.stderr
    compiled = npm_program("tsc", "--project", tmp_path)
    assert compiled.returncode == 0, compiled.stdout
    run(tmp_path, "node", "client_flow.js", url)
    assert "Red chair" in run(tmp_path, "node", "example.js")
