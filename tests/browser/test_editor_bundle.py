"""The bundle of the editor is what tests/npm's lock gives."""

import subprocess
from pathlib import Path

from tests.dynamodb import ROOT
from tests.npm_packages import NODE_MODULES


def test_bundle_is_built_from_the_locked_packages(tmp_path: Path) -> None:
    assert NODE_MODULES.is_dir(), "run: npm ci --ignore-scripts --prefix tests/npm"
    subprocess.run(["node", ROOT / "tests/npm/build_editor.mjs", tmp_path], timeout=120, check=True)
    for name in ("editor.js", "editor.licences.txt"):
        served = ROOT / "picus_api/pages/static/picus_api" / name
        assert (tmp_path / name).read_bytes() == served.read_bytes(), "run: make editor"
