"""The commit that is deployed. Files that differ from it are refused."""

import subprocess

from ecs.deploy.aws import ROOT
from ecs.deploy.errors import StepFailed

# Folders that go into the image or the function whole, with files that git does not know.
PACKED = (":/delete_fn", ":/picus_api", ":/picus_project")


def current() -> str:
    """Return the commit that is checked out. Raises StepFailed outside of a git clone."""
    return _git("rev-parse", "--verify", "HEAD").strip()


def refuse_changes() -> None:
    """Raise StepFailed, with the files, if what would be deployed differs from the commit."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    added = _git("status", "--porcelain", "--untracked-files=all", "--", *PACKED)
    files = dict.fromkeys([*changed.splitlines(), *added.splitlines()])
    if files:
        reason = "there are uncommitted changes:\n" + "\n".join(files)
        raise StepFailed(reason, "Commit them, or `git stash --include-untracked`.")


def _git(*arguments: str) -> str:
    run = subprocess.run(  # noqa: S603 -- a fixed list, no shell
        ["git", *arguments],  # noqa: S607 -- the operator's, from the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise StepFailed(f"git could not read the commit: {run.stderr.strip()}", "Deploy from a git clone.")
    return run.stdout
