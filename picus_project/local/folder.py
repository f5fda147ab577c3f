"""What a stack claims on this machine: the public port, the data folder, and the file that tells others of it."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from picus_project.local import server
from picus_project.local.processes import StackError

# The programs of a stack that was killed let go of its data when they have ended: a wait for that, in seconds.
LOCK_SECONDS = 3.0


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The public socket, taken before anything is started. Raises StackError."""
    try:
        sock = server.listen(host, port)
    except OSError as error:
        raise StackError(f"port {port} of {host} can't be used: {error.strerror}; choose another with PORT") from error
    with sock:
        yield sock


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Locks the data folder for one stack. Raises StackError.

    Yields the descriptor that holds the lock: a program that inherits it keeps the folder locked while it lives.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StackError(f"LOCAL_DATA_DIR {folder} can't be used: {error.strerror}") from error
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _lock(file):
            if time.monotonic() > deadline:
                raise StackError(f"another stack uses the data in {folder}; choose another with LOCAL_DATA_DIR")
            time.sleep(0.05)
        yield file
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@contextmanager
def stack_env(folder: Path, values: Mapping[str, str]) -> Iterator[None]:
    """Keeps `stack.env` in the folder, with what manage.py needs to work on the same table."""
    path = folder / "stack.env"
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
