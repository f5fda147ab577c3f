"""Start Python programs as forks of one process that has loaded their libraries.

Python loads Django, PynamoDB, botocore and gunicorn in most of a second, and the tests start a hundred programs. A fork
loads Picus itself, because Picus reads its settings when it is imported. A program can't notice the difference, but for
/proc/<pid>/cmdline and environ, which are those of the first process, and frozen objects (gc.freeze).

Run as a program with a number of a socket, this module is the first process.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "whitenoise.middleware", "dockerflow.django"),
    *("django.core.handlers.wsgi", "django.core.management.commands.check", "django.forms", "django.views.generic"),
    *("django.contrib.staticfiles.handlers", "django.contrib.staticfiles.finders", "django.template.loader_tags"),
    *("django.template.backends.django", "django.template.context_processors", "django.middleware.common"),
    *("rest_framework.serializers", "rest_framework.response", "pynamodb.models", "pynamodb.attributes"),
    *("botocore.session", "botocore.client", "botocore.httpsession", "botocore.parsers", "requests.sessions"),
    *("dockerflow.checks", "dockerflow.version", "isal.igzip", "orjson", "tomllib", "tqdm", "uritemplate", "yaml"),
)


def start_python(
    arguments: Sequence[str | bytes | Path], env: dict[str, str], **options: Any
) -> "subprocess.Popen[Any]":
    """Start a Python program. ``arguments`` stand behind ``python``: a file, or ``-m`` and a module.

    Only these options of Popen have an effect: ``text``, ``cwd``, ``stdin``, ``stdout`` and ``stderr``.
    """
    if "PYTHONPATH" in env:  # which Python reads at its start
        return subprocess.Popen([sys.executable, *arguments], env=env, **options)
    return _Fork([os.fsdecode(argument) for argument in arguments], env=env, **options)


def run_python(
    arguments: Sequence[str | bytes | Path], env: dict[str, str], timeout: float = 120, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a Python program to its end, without an input, and return its status and output."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with start_python(arguments, env, text=True, **pipes, **options) as process:
        stdout, stderr = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


class _Fork(subprocess.Popen[Any]):
    """A program in a fork of the first process. It overrides how Popen starts and waits on POSIX."""

    def _execute_child(self, args: list[str], *options: Any) -> None:
        _, _, _, _, cwd, environment, _, _, _, stdin, _, _, stdout, _, stderr, *_ = options
        call = json.dumps([args, str(cwd or Path.cwd()), environment]).encode()
        files = [number if file == -1 else file for number, file in enumerate((stdin, stdout, stderr))]
        self._status, theirs = socket.socketpair()
        first_process = _first_process(any(name.startswith("COVERAGE_") for name in environment))
        with theirs:
            socket.send_fds(first_process, [len(call).to_bytes(4, "big")], [*files, theirs.fileno()])
        self._status.sendall(call)
        self.pid = int.from_bytes(_exactly(self._status, 4), "big")
        self._child_created = True
        self._close_pipe_fds(*options[9:15])  # type: ignore[attr-defined]

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        self._status.setblocking(not wait_flags & os.WNOHANG)
        try:
            status = _exactly(self._status, 4)
        except BlockingIOError:
            return 0, 0
        self._status.close()
        return self.pid, int.from_bytes(status, "big")

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = connection.recv(size, socket.MSG_WAITALL)
    assert len(data) == size, "the first process has ended"
    return data


@functools.cache
def _first_process(measured: bool) -> socket.socket:
    """Start the process that forks, once with and once without coverage. It ends with this one."""
    environment = {name: value for name, value in os.environ.items() if measured or not name.startswith("COVERAGE_")}
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()])

    def stop() -> None:
        ours.close()
        process.wait(30)

    atexit.register(stop)
    return ours


def _serve(calls: socket.socket) -> None:
    """Fork for each call until the caller closes its end. In a fork, return after its program."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, which then close the socket.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Watchers are not waited for.
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # A collection in a fork would copy the memory of all these objects.
    while True:
        head, files, *_ = socket.recv_fds(calls, 4, 4)
        if head and os.fork():
            _close(files)
            continue
        calls.close()
        if head:
            _watch(socket.socket(fileno=files.pop()), files, int.from_bytes(head, "big"))
        return


def _close(files: Iterable[int]) -> None:
    for file in files:
        os.close(file)


def _watch(caller: socket.socket, files: list[int], size: int) -> None:
    """Run the program in a fork, and report its process id and its exit status. Only the fork returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    arguments, folder, environment = json.loads(_exactly(caller, size))
    if pid := os.fork():
        _close((0, 1, 2, *files))  # Otherwise the reader of a pipe would not see its end.
        with suppress(OSError):
            caller.sendall(pid.to_bytes(4, "big"))
            caller.sendall(os.waitpid(pid, 0)[1].to_bytes(4, "big"))
        os._exit(0)
    caller.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
    _close(files)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    try:
        _run(*arguments)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        _end(end.code or 0)
    _end(0)


def _end(status: int) -> None:
    """End this process as Python does, but keep its objects: removing them one by one copies all memory of the fork."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for file in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            file.flush()
    os._exit(status)


def _run(program: str, *arguments: str) -> None:
    """Run a file or ``-m`` and a module as Python does, with new objects for the standard files."""
    time.tzset()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 as in a new Python, these stay open
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    if program == "-m":
        sys.path[0] = str(Path.cwd())
        sys.argv = [*arguments]
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(program).parent)
        sys.argv = [program, *arguments]
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
