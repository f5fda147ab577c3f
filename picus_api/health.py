"""Health and version, as Dockerflow has them: https://github.com/mozilla-services/Dockerflow"""

import logging
import os
from pathlib import Path

from django.http import HttpRequest, JsonResponse
from dockerflow import checks
from dockerflow.version import get_version

from picus_api.core import messages, table
from picus_api.core.table import TableUnavailable

_log = logging.getLogger("picus.health")


def check_table() -> list[checks.CheckMessage]:
    """Whether the table answers a read."""
    try:
        table.probe()
    except TableUnavailable as error:
        _log.error("the table does not answer", extra={"cause": error.cause})
        return [checks.Error("The table does not answer.", id="picus.table.E001")]
    return []


def heartbeat(request: HttpRequest) -> JsonResponse:
    """``200`` when every check passes, ``500`` that names the failing one when not."""
    results = checks.run_checks([("table", check_table)])
    body: dict[str, object] = {"status": checks.level_to_text(results.level), "checks": results.statuses}
    if results.level < checks.ERROR:
        return JsonResponse(body)
    failing = ", ".join(name for name, state in results.statuses.items() if state != "ok")
    return JsonResponse(messages.error(f"This check fails: {failing}.") | body, status=500)


def version(root: str) -> dict[str, str]:
    """The image's ``version.json``; from a checkout, what is known there."""
    written: dict[str, str] | None = get_version(root)
    return written or {
        "version": "development",
        "commit": os.environ.get("PICUS_COMMIT", "unknown"),
        "source": f"file://{Path(root).name}",
        "build": "none",
    }
