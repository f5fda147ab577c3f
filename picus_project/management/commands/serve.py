"""``./picus serve``: all of Picus under one address on this machine, as ``make run`` starts it."""

import sys
from importlib import import_module
from runpy import run_path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from picus_api.core.access import access
from picus_project.local import supervisor
from picus_project.local.config import ROOT, read_config


class Command(BaseCommand):
    """Run the supervisor of ``picus_project.local``.

    Environment variables, beside the service's in ``picus_project/settings.py``:
        PORT                   the public port; default 8080
        BIND_HOST              the address that it listens on; default 127.0.0.1
        SERVICE_ADDRESS        host:port of a service that already runs, such as a container's; default: starts one
        DYNAMODB_TABLE_NAME    the table, created if missing; default picus_data
        DYNAMODB_ENDPOINT_URL  another DynamoDB server; empty: AWS itself; default: starts ministack
        LOCAL_DATA_DIR         where ministack keeps its items; default .local
        EDGE_TEMPLATE          the template of the local edge; default ecs/edge.yaml
    """

    help = "Serve the four endpoints under one address, with a DynamoDB of its own."
    requires_system_checks = []  # noqa: RUF012 the table is created later

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until Ctrl-C or SIGTERM."""
        serve()


def serve() -> NoReturn:
    """Serve until Ctrl-C or SIGTERM, then exit. Raises SettingError."""
    config = read_config()
    # A wrong setting of the service or of gunicorn is an error here, at once, instead of in a child.
    import_module("picus_project.settings")
    access.rules()
    run_path(str(ROOT / "gunicorn.conf.py"))
    sys.exit(supervisor.run(config))
