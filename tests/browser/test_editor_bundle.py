"""The bundle of the editor is what tests/npm's lock gives."""

import subprocess
from pathlib import Path

import pytest

from tests.dynamodb import ROOT
from tests.npm_packages import NODE_MODULES

STATIC = ROOT / "picus_api/pages/static/picus_api"


@pytest.mark.parametrize("name", ["editor.js", "editor.licences.txt"])
def test_bundle_is_built_from_the_locked_packages(tmp_path: Path, name: str) -> None:
    assert NODE_MODULES.is_dir(), "run: npm ci --ignore-scripts --prefix tests/npm"
    subprocess.run(["node", ROOT / "tests/npm/build_editor.mjs", tmp_path], timeout=120, check=True)
    assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), "run: make editor"
