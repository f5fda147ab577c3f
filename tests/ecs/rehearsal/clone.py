"""A git repository without uncommitted changes, in place of this one."""

import subprocess
from pathlib import Path


def clone(folder: Path) -> dict[str, str]:
    """Make a repository with one commit in `folder` and return the variables that make git use it."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "file").write_text("one")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "one"], check=True)
    return {"GIT_DIR": str(folder / ".git"), "GIT_WORK_TREE": str(folder)}
