"""The data folder of a running stack: its lock, and the file that tells manage.py where the table is."""

import fcntl
import os
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from picus_project.local.processes import StackError

# The programs of a killed stack release the folder when they have ended: how long to wait for that, in seconds.
LOCK_SECONDS = 3.0


@contextmanager
def lock_data_dir(folder: Path) -> Iterator[int]:
    """Create the folder and lock it for one stack. Raises StackError.

    Yields the descriptor that holds the lock: a program that inherits it keeps the folder locked while it runs.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StackError(f"LOCAL_DATA_DIR {folder} can't be used: {error.strerror}") from error
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise StackError(f"another stack uses the data in {folder}; choose another with LOCAL_DATA_DIR")
            time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@contextmanager
def stack_env(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Keep `stack.env` in the folder, with the variables that manage.py needs to use the stack's table.

    A shell can read it, so values are quoted where necessary.
    """
    path = folder / "stack.env"
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
