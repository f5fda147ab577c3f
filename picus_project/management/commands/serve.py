"""``./picus serve``: all of Picus under one address on this machine, as ``make run`` starts it."""

import sys
from importlib import import_module
from runpy import run_path
from typing import Any, NoReturn

from picus_api.core.access import access
from picus_api.management.terminal import HelpfulCommand
from picus_project.local import supervisor
from picus_project.local.config import ROOT, read_config


class Command(HelpfulCommand):
    """Run the supervisor of ``picus_project.local``."""

    summary = """
        Serve Picus under one address, with a local DynamoDB, until Ctrl-C. `make run` prepares the environment and
        runs this command.

        Environment variables, beside those of the service (docs/settings.md):
          PORT                   the public port; default 8080
          BIND_HOST              the address that it listens on; default 127.0.0.1
          SERVICE_ADDRESS        host:port of a service that already runs, such as a container's; default: starts one
          DYNAMODB_TABLE_NAME    the table, created if missing; default picus_data
          DYNAMODB_ENDPOINT_URL  another DynamoDB server; empty: AWS itself; default: starts ministack
          LOCAL_DATA_DIR         where ministack keeps its items; default .local
          EDGE_TEMPLATE          the template of the local edge; default ecs/edge.yaml
    """
    examples = """
        ./picus serve
        PORT=8090 LOCAL_DATA_DIR=/tmp/picus ./picus serve
    """
    exit_status = "Exit status: 0 stopped, 1 a part ended or could not start, 2 wrong settings."

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
