"""The commit that is deployed: what it names is what goes up, nothing beside it."""

import subprocess

from ecs.deploy.aws import ROOT
from ecs.deploy.errors import StepFailed

# What is packed whole into the image or the function, files that git does not know included.
PACKED = (":/delete_fn", ":/picus_api", ":/picus_project")


def current() -> str:
    """The commit that is checked out. Raises StepFailed outside of a git clone."""
    return _git("rev-parse", "--verify", "HEAD").strip()


def refuse_changes() -> None:
    """Raises StepFailed, with the files, where what would be deployed is not what the commit has."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    added = _git("status", "--porcelain", "--untracked-files=all", "--", *PACKED)
    files = dict.fromkeys([*changed.splitlines(), *added.splitlines()])
    if files:
        reason = "there are changes without a commit:\n" + "\n".join(files)
        raise StepFailed(reason, "Commit them, or `git stash --include-untracked`.")


def _git(*arguments: str) -> str:
    run = subprocess.run(  # noqa: S603 -- a list of our own, no shell
        ["git", *arguments],  # noqa: S607 -- the operator's own, from the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise StepFailed(f"git can't tell the commit: {run.stderr.strip()}", "Deploy from a git clone.")
    return run.stdout
