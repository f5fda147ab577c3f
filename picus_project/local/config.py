"""The local stack's configuration, and the environments of its programs that follow from it."""

import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from picus_api.core import environment
from picus_api.core.environment import SettingError

ROOT = Path(__file__).resolve().parents[2]

# An emulator never checks them, but every AWS client requires them.
DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
# Where AWS clients find credentials in the environment.
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
# Which tables there are, and which items of them have expired: the service and the commands must agree.
SHARED_SETTINGS = ("DYNAMODB_IDEMPOTENCY_TABLE_NAME", "DYNAMODB_TOKENS_TABLE_NAME", "TTL_ATTRIBUTE")


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Checked values. `endpoint_url` is None for the stack's own DynamoDB server, empty for AWS itself.

    `service` is the host and port of a service that already runs, None for the stack's own.
    """

    port: int
    table_name: str
    endpoint_url: str | None
    data_dir: Path
    template: Path = ROOT / "ecs" / "edge.yaml"
    host: str = "127.0.0.1"
    service: tuple[str, int] | None = None


def read_config() -> StackConfig:
    """Return the configuration from the environment. Raises SettingError."""
    return StackConfig(
        port=environment.integer("PORT", 8080, 1, 65535),
        table_name=_table_name(os.environ.get("DYNAMODB_TABLE_NAME", "picus_data")),
        endpoint_url=environment.url("DYNAMODB_ENDPOINT_URL") or os.environ.get("DYNAMODB_ENDPOINT_URL"),
        data_dir=_path("LOCAL_DATA_DIR", ROOT / ".local"),
        template=_path("EDGE_TEMPLATE", ROOT / "ecs" / "edge.yaml"),
        host=os.environ.get("BIND_HOST") or "127.0.0.1",
        service=_address("SERVICE_ADDRESS"),
    )


def _table_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
        raise SettingError(f"DYNAMODB_TABLE_NAME must be 3 to 255 letters, digits, '_', '-' or '.', not {name!r}.")
    return name


def _address(name: str) -> tuple[str, int] | None:
    text = os.environ.get(name, "")
    host, colon, port = text.rpartition(":")
    if text and not (host and re.fullmatch(r"[0-9]{1,5}", port)):
        raise SettingError(f"{name} must be host:port, not {text!r}.")
    return (host, int(port)) if colon else None


def _path(name: str, default: Path) -> Path:
    """Return a path that may be relative to the working directory."""
    return Path(os.environ.get(name) or default).absolute()


def table_environment(config: StackConfig, dynamodb_port: int, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that manage.py needs, beside `outer`, to use the stack's table.

    The stack's own server keeps items per account and region, so it always gets the stack's own credentials and region:
    items would seem to vanish with another AWS_REGION, and a profile that needs a login would break the start. Another
    server gets them only where `outer` has none, with `outer`'s region; AWS itself gets nothing added.
    """
    table = {"DYNAMODB_TABLE_NAME": config.table_name}
    if config.endpoint_url == "":
        return table | {"DYNAMODB_ENDPOINT_URL": ""}
    if config.endpoint_url is None:
        endpoint = {"DYNAMODB_ENDPOINT_URL": f"http://127.0.0.1:{dynamodb_port}"}
        return table | endpoint | DUMMY_CREDENTIALS | dict.fromkeys(REGIONS, "us-east-1")
    table["DYNAMODB_ENDPOINT_URL"] = config.endpoint_url
    region = next((outer[name] for name in REGIONS if outer.get(name)), None)
    if not any(outer.get(name) for name in CREDENTIALS):
        return table | DUMMY_CREDENTIALS | dict.fromkeys(REGIONS, region or "us-east-1")
    return table if region else table | {"AWS_DEFAULT_REGION": "us-east-1"}


def command_environment(config: StackConfig, dynamodb_port: int, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for commands that are run beside the stack, whatever their own environment has.

    A setting that the service does not have is empty.
    """
    return table_environment(config, dynamodb_port, outer) | {name: outer.get(name, "") for name in SHARED_SETTINGS}


def child_environment(config: StackConfig, dynamodb_port: int, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of both computes and of manage.py's commands."""
    env = {name: value for name, value in outer.items() if name != "DEBUG"}
    if config.endpoint_url is None:
        env = {name: value for name, value in env.items() if not name.startswith("AWS_")}
    env |= table_environment(config, dynamodb_port, outer)
    env.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost")
    env.setdefault("ANONYMOUS_SCOPES", "read,write,delete")
    env.setdefault("SECURE_COOKIES", "off")  # The local edge has no TLS.
    env["PYTHONUNBUFFERED"] = "1"
    for name in ("NO_PROXY", "no_proxy"):  # a proxy can't reach this machine's loopback
        env[name] = ",".join(filter(None, (outer.get(name), "127.0.0.1", "localhost")))
    return env


def commit_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return PICUS_COMMIT, unless `outer` has it or this is no repository."""
    if outer.get("PICUS_COMMIT"):
        return {}
    with suppress(OSError, subprocess.CalledProcessError):
        git = ("git", "rev-parse", "--verify", "--quiet", "HEAD")
        head = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 no shell
        return {"PICUS_COMMIT": head.stdout.strip()}
    return {}


def ministack_environment(config: StackConfig, port: int, outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of ministack: DynamoDB only, on loopback only, its state in the data folder.

    Nothing else of `outer` is passed on: variables such as AUTH or USE_SSL would change ministack.
    """
    folder = config.data_dir / "ministack"
    return {
        "PATH": outer.get("PATH", os.defpath),
        "HOME": outer.get("HOME", "/"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "dynamodb",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
        "LOG_LEVEL": "WARNING",
        # No second listener, and no access to this machine's containers.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    }
