"""``manage.py serve``: all of Picus under one address on this machine; ``make run`` calls it."""

import os
import re
import sys
from importlib import import_module
from pathlib import Path
from runpy import run_path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from picus_api.core import environment
from picus_api.core.environment import SettingError
from picus_project.local import supervisor
from picus_project.local.settings import ROOT, Settings


class Command(BaseCommand):
    """A thin face over ``picus_project.local.supervisor``.

    Environment variables, beside the service's own in ``picus_project/settings.py``:
        PORT                   where it serves; default 8080
        BIND_HOST              the address that it listens on; default 127.0.0.1
        SERVICE_ADDRESS        host:port of a service that runs already, a container's; default: one started beside
        DYNAMODB_TABLE_NAME    the table, created if missing; default picus_data
        DYNAMODB_ENDPOINT_URL  another DynamoDB server; empty: AWS itself; default: ministack, started beside
        LOCAL_DATA_DIR         where ministack keeps its items; default .local
        EDGE_TEMPLATE          the template of the edge; default ecs/edge.yaml
    """

    help = "Serve the four endpoints under one address, with a DynamoDB of its own."
    requires_system_checks = []  # noqa: RUF012 the table is made later

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until Ctrl-C or SIGTERM."""
        serve()


def serve() -> NoReturn:
    """Serve until Ctrl-C or SIGTERM, then exit. Raises SettingError."""
    settings = read_settings()
    # The service's own and its server's: better wrong here, at once, than in a child.
    import_module("picus_project.settings")
    run_path(str(ROOT / "gunicorn.conf.py"))
    sys.exit(supervisor.run(settings))


def read_settings() -> Settings:
    """The stack's settings. Raises SettingError."""
    endpoint = environment.url("DYNAMODB_ENDPOINT_URL") or os.environ.get("DYNAMODB_ENDPOINT_URL")
    return Settings(
        port=environment.integer("PORT", 8080, 1, 65535),
        table_name=_table_name(os.environ.get("DYNAMODB_TABLE_NAME", "picus_data")),
        endpoint_url=endpoint,
        data_dir=_path("LOCAL_DATA_DIR", ROOT / ".local"),
        template=_file("EDGE_TEMPLATE", ROOT / "ecs" / "edge.yaml"),
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
    """A path that may be relative to the caller's folder."""
    return Path(os.environ.get(name) or default).absolute()


def _file(name: str, default: Path) -> Path:
    path = _path(name, default)
    if not path.is_file():
        raise SettingError(f"{name} must be a file: there is no {path}.")
    return path
