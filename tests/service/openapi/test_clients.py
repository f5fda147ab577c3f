"""Clients generated from the description type-check strictly and work, and so do the examples in docs/clients.md."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from picus_api import token_admin
from picus_api.core.access.access import SCOPES
from tests.dynamodb import ROOT, new_table
from tests.npm_packages import NODE_MODULES, npm_program
from tests.stack import running_stack
from tests.tokens import token_table

FLOWS = Path(__file__).parent / "clients"
DOCUMENTED_URL = "http://127.0.0.1:8080"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def token_and_name(dynamodb_url: str) -> tuple[str, str]:
    """Return a token with all scopes, and the name of its item table."""
    name = new_table(dynamodb_url).name
    with token_table(dynamodb_url, name):
        return token_admin.create_token("clients", frozenset(SCOPES)).text, name


@pytest.fixture(scope="module")
def token(token_and_name: tuple[str, str]) -> str:
    return token_and_name[0]


@pytest.fixture(scope="module")
def url(dynamodb_url: str, token_and_name: tuple[str, str]) -> Iterator[str]:
    """Start a local stack that needs a token for everything."""
    place = {"DYNAMODB_ENDPOINT_URL": dynamodb_url, "DYNAMODB_TABLE_NAME": token_and_name[1]}
    with running_stack(**place, ANONYMOUS_SCOPES="none") as url:
        yield url


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    """Return the output of a command that must succeed. Coverage is off, because the commands run no product code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        command, cwd=folder, env=environment | variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def example(language: str, url: str) -> str:
    """Return the example in docs/clients.md, for this URL."""
    [code] = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/clients.md").read_text(), re.DOTALL)
    assert len(code.splitlines()) <= 14
    assert DOCUMENTED_URL in code
    return str(code).replace(DOCUMENTED_URL, url)


def test_python_client_works(url: str, token: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("post_hooks: []\n")  # Only formatters, which take time.
    options = ("--meta", "none", "--config", "config.yaml", "--fail-on-warning", "--output-path", "picus_client")
    run(tmp_path, BIN / "openapi-python-client", "generate", "--url", f"{url}/schema/", *options)
    copy(FLOWS / "client_flow.py", tmp_path)
    (tmp_path / "example.py").write_text(example("python", url))
    run(tmp_path, BIN / "mypy", "--strict", "--config-file=", "--cache-dir=.mypy", ".")
    run(tmp_path, sys.executable, "client_flow.py", url, token)
    assert "Red chair" in run(tmp_path, sys.executable, "example.py", PICUS_TOKEN=token)


def test_typescript_client_works(url: str, token: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}\n')
    (tmp_path / "example.ts").write_text(example("typescript", url))
    for name in ("client_flow.ts", "tsconfig.json"):
        copy(FLOWS / name, tmp_path)
    generated = npm_program("openapi-typescript", f"{url}/schema/", "--output", tmp_path / "picus.d.ts")
    assert generated.returncode == 0, generated.stderr
    compiled = npm_program("tsc", "--project", tmp_path)
    assert compiled.returncode == 0, compiled.stdout
    run(tmp_path, "node", "client_flow.js", url, token)
    assert "Red chair" in run(tmp_path, "node", "example.js", PICUS_TOKEN=token)
