"""Runs a command that ends when its parent does, however the parent ends: `leash.py <parent> <signal> <command...>`.

Linux sends the signal when the parent is gone, SIGKILL included; elsewhere the command just runs. A program of its own
and not Popen's preexec_fn, which is unsafe beside threads; it imports little, so that a start stays quick.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replaces itself with the command."""
    parent, signal_number, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # it went before the line above
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 -- a list, no shell


if __name__ == "__main__":
    main()
