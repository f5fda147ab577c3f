"""What the local stack is told, and the environments of its programs that follow from it."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Never checked by an emulator, and required by every AWS client.
DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
DEFAULT_REGION = {"AWS_DEFAULT_REGION": "us-east-1"}
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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked values. `endpoint_url` is None for a DynamoDB of the stack's own, empty for AWS itself.

    `service` is the host and port of a service that runs already, None for one of the stack's own.
    """

    port: int
    table_name: str
    endpoint_url: str | None
    data_dir: Path
    template: Path = ROOT / "ecs" / "edge.yaml"
    host: str = "127.0.0.1"
    service: tuple[str, int] | None = None


@dataclass(frozen=True)
class Ports:
    """The loopback ports that the children listen on."""

    dynamodb: int
    service: int
    gateway: int


@dataclass(frozen=True)
class Secrets:
    """What the origins ask of the edge; new at every start."""

    alb: str
    api_key: str

    @classmethod
    def generate(cls) -> "Secrets":
        """Values that nobody can guess."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24))


def table_environment(settings: Settings, ports: Ports, outer: Mapping[str, str]) -> dict[str, str]:
    """The variables that lead to the table: what manage.py needs, beside `outer`, to work on the same one.

    The stack's own server always gets the stack's own credentials and region: it keeps items per account and region,
    so they would seem to vanish with a change of AWS_REGION, and a profile that needs a login would break the start.
    For another server they only fill a gap; for AWS itself there is nothing to add.
    """
    table = {"DYNAMODB_TABLE_NAME": settings.table_name}
    if settings.endpoint_url == "":
        return table | {"DYNAMODB_ENDPOINT_URL": ""}
    if settings.endpoint_url is None:
        endpoint = {"DYNAMODB_ENDPOINT_URL": f"http://127.0.0.1:{ports.dynamodb}"}
        return table | endpoint | DUMMY_CREDENTIALS | dict.fromkeys(REGIONS, "us-east-1")
    table["DYNAMODB_ENDPOINT_URL"] = settings.endpoint_url
    if not any(outer.get(name) for name in CREDENTIALS):
        table |= DUMMY_CREDENTIALS
    if not any(outer.get(name) for name in REGIONS):
        table |= DEFAULT_REGION
    return table


def child_environment(settings: Settings, ports: Ports, outer: Mapping[str, str]) -> dict[str, str]:
    """What both computes and manage.py's commands run with."""
    ours = CREDENTIALS if settings.endpoint_url is None else ()
    env = {name: value for name, value in outer.items() if name not in (*ours, "DEBUG")}
    env |= table_environment(settings, ports, outer)
    env.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost")
    env["PYTHONUNBUFFERED"] = "1"
    for name in ("NO_PROXY", "no_proxy"):  # a proxy can't reach this machine's loopback
        env[name] = ",".join(filter(None, (outer.get(name), "127.0.0.1", "localhost")))
    return env


def service_environment(ports: Ports) -> dict[str, str]:
    """What gunicorn gets beside that."""
    return {"PORT": str(ports.service), "BIND_HOST": "127.0.0.1"}


def gateway_environment(ports: Ports, *, stage: str, api_key: str) -> dict[str, str]:
    """What the gateway, with the delete function in it, gets beside that."""
    return {"GATEWAY_PORT": str(ports.gateway), "GATEWAY_STAGE": stage, "GATEWAY_API_KEY": api_key}


def ministack_environment(settings: Settings, ports: Ports, outer: Mapping[str, str]) -> dict[str, str]:
    """For ministack: DynamoDB only, on loopback only, its state kept in the data folder.

    Nothing else of the caller's environment gets in, where a variable such as AUTH or USE_SSL would change it.
    """
    folder = settings.data_dir / "ministack"
    return {
        "PATH": outer.get("PATH", os.defpath),
        "HOME": outer.get("HOME", "/"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(ports.dynamodb),
        "SERVICES": "dynamodb",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
        "LOG_LEVEL": "WARNING",
        # No second listener, and no look at the containers of whoever runs Docker here.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
    }
