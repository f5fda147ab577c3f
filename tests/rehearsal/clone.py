"""A clone without changes, in the place of this one, where people work while they rehearse."""

import subprocess
from pathlib import Path


def clone(folder: Path) -> dict[str, str]:
    """Makes one there, of a commit with one `file`; the variables that lead git to it."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "file").write_text("one")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run([*git, "add", "file"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "one"], check=True)
    return {"GIT_DIR": str(folder / ".git"), "GIT_WORK_TREE": str(folder)}
