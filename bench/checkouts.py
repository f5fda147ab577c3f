"""Picus as it is, and with ``--baseline`` as it was at another commit of this repository.

Only public interfaces are used, so the commit may have another layout: `make`, gunicorn with the commit's own
configuration, `manage.py` and the handler that zappa_settings.json names.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT, WORK, output_of

PICUS, BEFORE = "Picus", "Picus before"


@dataclass(frozen=True)
class Checkout:
    """A folder with a commit of Picus, installed and packaged there."""

    root: Path = ROOT

    @property
    def python(self) -> str:
        return str(self.root / ".venv/bin/python")

    @property
    def package(self) -> Path:
        """Return the path of the zip that `make package` makes."""
        return self.root / "build/delete_fn.zip"

    @property
    def handler(self) -> str:
        settings = json.loads((self.root / "zappa_settings.json").read_text())
        return str(settings["base"]["lambda_handler"])


HERE = Checkout()


@contextmanager
def checked_out(revision: str) -> Iterator[Checkout]:
    """Check the commit out into a temporary worktree, and install and package it there with its own lock.

    Raises BenchError if it can't be built.
    """
    checkout = Checkout(WORK / "baseline")
    _remove(checkout.root)
    output_of("git", "worktree", "add", "--quiet", "--detach", str(checkout.root), revision)
    try:
        uv, python = shutil.which("uv") or ROOT / ".uv/bin/uv", Path(HERE.python).resolve()
        # The same interpreter: what is compared is Picus.
        make = ["make", "--directory", str(checkout.root), f"UV={uv}", f"UV_PYTHON={python}"]
        output_of(*make, ".venv/.synced", "UV_COMPILE_BYTECODE=1")
        output_of(*make, "package")
        for each in (checkout, HERE):
            # Otherwise the first run of one would compile its sources, and the other would find them compiled.
            output_of(each.python, "-m", "compileall", "-q", "picus_api", "picus_project", folder=each.root)
        yield checkout
    finally:
        _remove(checkout.root)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    output_of("git", "worktree", "prune")
