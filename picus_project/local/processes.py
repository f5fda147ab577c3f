"""Child processes that never outlive the supervisor, and waits for their servers."""

import asyncio
import errno
import os
import random
import signal
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.py")


class StackError(Exception):
    """The stack can't start or go on. The message is one line for the person who started it."""


@dataclass(frozen=True)
class ChildProcess:
    """A running program; messages call it `name`."""

    name: str
    process: asyncio.subprocess.Process

    async def watch(self, *, may_end: bool = False) -> None:
        """Wait for the end of the process. Raises StackError, unless the process `may_end` and its status is 0."""
        status = await self.process.wait()
        if status == 0 and may_end:
            return
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        raise StackError(f"{self.name} {how}; everything else is stopped")

    async def stop(self, seconds: float) -> None:
        """Send SIGTERM, and SIGKILL after `seconds`; return when the process and its children are gone."""
        with suppress(ProcessLookupError):
            self.process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


async def start(
    name: str, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, inherit: Iterable[int] = ()
) -> ChildProcess:
    """Start a program in a new session: a terminal's Ctrl-C reaches only the supervisor, which stops in order.

    `inherit` are file descriptors that stay open in the program. Raises StackError.
    """
    wrapper = (sys.executable, "-I", "-S", EXIT_WITH_PARENT, os.getpid(), int(signal.SIGTERM))
    if not Path(command[0]).exists():
        raise StackError(f"{name} is not installed: there is no {command[0]}; `make run` installs what is missing")
    process = await asyncio.create_subprocess_exec(
        *map(str, (*wrapper, *command)),
        env=env,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=tuple(inherit),
        start_new_session=True,
    )
    return ChildProcess(name, process)


def free_ports(count: int) -> list[int]:
    """Return different loopback ports that no program listens on.

    They are below the ports that systems use for outgoing connections (Linux: from 32,768 on). Such a connection could
    take a port before its server starts.
    """
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            try:
                sockets.append(socket.create_server(("127.0.0.1", random.randrange(10_000, 32_768))))  # noqa: S311
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


async def wait_until_ready(address: tuple[str, int], path: str | None = None) -> None:
    """Return once a host and port accept connections or, with a path, send a 200 to a GET."""
    while True:
        with suppress(OSError, IndexError):
            reader, writer = await asyncio.open_connection(*address)
            with closing(writer):
                if path is None:
                    return
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                if (await reader.readline()).split()[1] == b"200":
                    return
        await asyncio.sleep(0.02)
