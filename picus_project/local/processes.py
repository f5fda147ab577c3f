"""Child processes that never outlive the supervisor."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")


class StackError(Exception):
    """The stack can't start or go on; the message is one line for the person who started it."""


@dataclass(frozen=True)
class Child:
    """A running program. `name` is what messages call it."""

    name: str
    process: asyncio.subprocess.Process

    async def ended(self) -> StackError:
        """Waits for its end and says how it went."""
        status = await self.process.wait()
        if status < 0:
            return StackError(f"{self.name} was ended by {signal.Signals(-status).name}")
        return StackError(f"{self.name} ended with status {status}")

    async def stop(self, seconds: float) -> None:
        """SIGTERM, and SIGKILL after `seconds`; returns when the program and all that it started are gone."""
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
) -> Child:
    """Starts a program in a session of its own: a terminal's Ctrl-C reaches the supervisor, which stops in order.

    `inherit` are file descriptors that it keeps open. Raises StackError.
    """
    leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(signal.SIGTERM)))
    if not Path(command[0]).exists():
        raise StackError(f"{name} is not installed: there is no {command[0]}; `make run` installs what is missing")
    process = await asyncio.create_subprocess_exec(
        *leash,
        *map(str, command),
        env=env,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=tuple(inherit),
        start_new_session=True,
    )
    return Child(name, process)


def free_ports(count: int) -> list[int]:
    """Different loopback ports that nobody listens on right now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


async def wait_for_port(port: int) -> None:
    """Returns once somebody accepts connections on a loopback port."""
    while not await _connects(port):
        await asyncio.sleep(0.02)


async def wait_for_http(address: tuple[str, int], path: str) -> None:
    """Returns once a GET on a host and port is answered with 200."""
    while not await _answers(address, path):
        await asyncio.sleep(0.02)


async def _connects(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


async def _answers(address: tuple[str, int], path: str) -> bool:
    with suppress(OSError, IndexError):
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline()).split()[1] == b"200"
        finally:
            writer.close()
    return False


async def commit(outer: Mapping[str, str], root: Path) -> dict[str, str]:
    """PICUS_COMMIT, unless it is given already or this is no repository."""
    if outer.get("PICUS_COMMIT"):
        return {}
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    with suppress(OSError):
        git = await asyncio.create_subprocess_exec(
            "git", "rev-parse", "--verify", "HEAD", cwd=root, stdout=pipe, stderr=null
        )
        output, _ = await git.communicate()
        if git.returncode == 0:
            return {"PICUS_COMMIT": output.decode().strip()}
    return {}
