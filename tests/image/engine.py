"""Starts the built image: with Docker where an engine runs, else by the kernel's own means on buildah's files.

Either way as the image says: its user, variables, folder and command; with a read-only root file system, as the task
definition asks for, and on this machine's network. Without an engine that is root's to set up.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.stack import children

IMAGE = os.environ.get("IMAGE") or "picus:local"

# $1 is the image's root, $2 its user, $3 its one volume, of which an engine keeps the owner and the permissions.
# A mount of its own is what can be made read-only.
ENTER = """
mount --bind "$1" "$1"
mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
mount -t proc proc "$1/proc"
mount -t tmpfs -o "mode=$(stat -c %a "$1$3"),uid=$(stat -c %u "$1$3"),gid=$(stat -c %g "$1$3")" tmpfs "$1$3"
mount -o remount,bind,ro "$1"
root=$1 user=$2
shift 3
exec chroot --userspec="$user" --groups= "$root" "$@"
"""


def output(*command: str) -> str:
    """What a command that must succeed says, without the line's end."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Engine:
    """One image: `config` as Docker has it, `files` its root where there is no engine."""

    config: dict[str, Any]
    files: str | None = None

    def command(self, environment: Mapping[str, str], command: list[str]) -> list[str]:
        """What to start on this machine to have a command run in the image, as the first process in there."""
        variables = [f"{name}={value}" for name, value in environment.items()]
        if self.files is None:
            options = [word for variable in variables for word in ("--env", variable)]
            return ["docker", "run", "--rm", "--network=host", "--read-only", *options, IMAGE, *command]
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER, "sh"]
        inside = [
            "env",
            "--ignore-environment",
            f"--chdir={self.config['WorkingDir']}",
            *self.config["Env"],
            *variables,
        ]
        [volume] = self.config["Volumes"]
        return [*enter, self.files, self.config["User"], volume, *inside, *(command or self.config["Cmd"])]

    def run(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command, by default the image's own, in the image to its end."""
        started = self.command(environment, list(command))
        return subprocess.run(
            started, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
        )

    @contextmanager
    def started(self, **environment: str) -> Iterator["Container"]:
        """The image's own command as a process, which has ended when the block is left."""
        process = subprocess.Popen(self.command(environment, []))
        container = Container(self, process)
        try:
            yield container
        finally:
            if process.poll() is None:
                container.terminate()
            process.wait(timeout=60)


@dataclass
class Container:
    """The image, running."""

    engine: Engine
    process: "subprocess.Popen[bytes]"

    def terminate(self) -> None:
        """SIGTERM to the first process in the image, as ECS sends it."""
        if self.engine.files is None:
            self.process.terminate()  # `docker run` passes it on
            return
        for pid in children(self.process.pid):
            os.kill(pid, signal.SIGTERM)


@contextmanager
def engine() -> Iterator[Engine]:
    """What there is to run the image with."""
    if shutil.which("docker") and not subprocess.run(["docker", "info"], check=False, capture_output=True).returncode:
        yield Engine(json.loads(output("docker", "image", "inspect", "--format={{json .Config}}", IMAGE)))
        return
    config = json.loads(output("buildah", "inspect", "--type=image", IMAGE))["Docker"]["config"]
    container = output("buildah", "from", "--pull=never", IMAGE)
    try:
        yield Engine(config, output("buildah", "mount", container))
    finally:
        output("buildah", "rm", container)
