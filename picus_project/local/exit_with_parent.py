"""Run a command that ends when its parent does, however the parent ends.

Usage: exit_with_parent.py <parent> <signal> <command...>

Linux sends the signal when the parent is gone, even by SIGKILL; on other systems the command just runs. This is a
separate program because Popen's preexec_fn is unsafe beside threads. It imports little so that a start stays quick.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process with the command."""
    parent, signal_number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # the parent ended before the line above
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 -- a list, no shell


if __name__ == "__main__":
    main()
