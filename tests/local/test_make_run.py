"""What `make run` installs and prints, with a uv that only records its calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.dynamodb import ROOT

UV = """#!/bin/sh
echo "$UV_PROJECT_ENVIRONMENT $* certs=$UV_SYSTEM_CERTS" >> calls
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
ln -sf /bin/echo "$UV_PROJECT_ENVIRONMENT/bin/python"
"""
RUN_CALL = ".venv sync --quiet --frozen --no-dev --group local --inexact certs=1"
MINISTACK_CALL = ".venv-ministack sync --quiet --frozen --only-group ministack certs=1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the Makefile, a lock older than anything else, and a recording uv."""
    for name in ("Makefile", ".python-version"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "uv.lock").touch()
    os.utime(tmp_path / "uv.lock", (1, 1))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(UV)
    (tmp_path / "bin" / "uv").chmod(0o755)
    return tmp_path


def make(folder: Path, target: str, **environment: str) -> str:
    env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder), **environment}
    command = ["make", "--no-print-directory", target]
    result = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    assert result.stderr == ""
    return result.stdout


def calls(folder: Path) -> list[str]:
    recorded = folder / "calls"
    return recorded.read_text().splitlines() if recorded.exists() else []


def test_first_run_installs_what_running_needs_and_says_so(folder: Path) -> None:
    output = make(folder, "run").splitlines()
    assert calls(folder) == [RUN_CALL, MINISTACK_CALL]
    assert len(output) == 2
    assert "MB" in output[0]
    assert output[1] == "manage.py serve"


def test_second_run_installs_and_prints_nothing(folder: Path) -> None:
    make(folder, "run")
    assert make(folder, "run") == "manage.py serve\n"
    assert calls(folder) == [RUN_CALL, MINISTACK_CALL]


def test_changed_lock_is_installed_again(folder: Path) -> None:
    make(folder, "run")
    # Two files that are written within one tick of the kernel's clock have the same time.
    for stamp in folder.glob(".venv*/.*synced"):
        os.utime(stamp, (2, 2))
    (folder / "uv.lock").touch()
    assert "MB" in make(folder, "run")
    assert len(calls(folder)) == 4


def test_run_needs_nothing_after_the_full_environment(folder: Path) -> None:
    make(folder, ".venv/.synced")
    make(folder, ".venv-ministack/.synced")
    assert make(folder, "run") == "manage.py serve\n"
    assert calls(folder) == [".venv sync --quiet --frozen certs=1", MINISTACK_CALL]


def test_callers_choice_of_certificates_is_kept(folder: Path) -> None:
    make(folder, "run", UV_SYSTEM_CERTS="0")
    assert all(call.endswith("certs=0") for call in calls(folder))
