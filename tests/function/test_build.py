"""The build ends, and says why, when it can't make a package that works."""

import sys
from pathlib import Path

import pytest

from delete_fn.packaging import __main__ as build
from delete_fn.packaging import contents
from tests.dynamodb import ROOT


def test_a_command_that_fails_ends_the_build_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"(?s)no such stage.*ended with status 3"):
        build._run([sys.executable, "-c", "print('no such stage'); raise SystemExit(3)"], tmp_path)


def test_an_environment_of_another_python_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", tmp_path)

    with pytest.raises(SystemExit, match=r"\.venv-function is for another Python"):
        build._stage(tmp_path / "project", tmp_path / "site-packages")


def test_data_that_botocore_does_not_have_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"botocore/cacert\.pem"):
        contents.needed_files(ROOT, tmp_path)
