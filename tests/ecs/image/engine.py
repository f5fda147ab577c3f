"""Run the built image: with Docker if its engine runs, otherwise in namespaces on the files of buildah.

Both use user, variables, folder and command of the image, a read-only root file system like the task definition, and
the network of this machine. Without Docker this needs root.
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

# $1 is the root of the image, $2 its user, $3 its volume, which keeps its owner and permissions.
# The root is mounted on itself, because only a mount can be made read-only.
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
    """Run a command that must succeed, and return its output without the last line break."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Engine:
    """An image: its `config` in Docker's format, and its root folder `files` if buildah built it."""

    config: dict[str, Any]
    files: str | None = None

    def command(self, environment: Mapping[str, str], command: list[str]) -> list[str]:
        """Return the command line that runs a command in the image as its first process."""
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
        """Run a command in the image, by default the image's command, and wait for its end."""
        started = self.command(environment, list(command))
        return subprocess.run(
            started, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
        )

    @contextmanager
    def started(self, **environment: str) -> Iterator["Container"]:
        """Start the command of the image, and stop it at the end of the block."""
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
    """A container that was started from the image, and its first process."""

    engine: Engine
    process: "subprocess.Popen[bytes]"

    def terminate(self) -> None:
        """Send SIGTERM to the first process in the image, like ECS."""
        if self.engine.files is None:
            self.process.terminate()  # `docker run` forwards it
            return
        for pid in children(self.process.pid):
            os.kill(pid, signal.SIGTERM)


@contextmanager
def available_engine() -> Iterator[Engine]:
    """Yield Docker's or buildah's image."""
    if shutil.which("docker") and not subprocess.run(["docker", "info"], check=False, capture_output=True).returncode:
        yield Engine(json.loads(output("docker", "image", "inspect", "--format={{json .Config}}", IMAGE)))
        return
    config = json.loads(output("buildah", "inspect", "--type=image", IMAGE))["Docker"]["config"]
    container = output("buildah", "from", "--pull=never", IMAGE)
    try:
        yield Engine(config, output("buildah", "mount", container))
    finally:
        output("buildah", "rm", container)
