"""Health and version by Mozilla's Dockerflow: https://github.com/mozilla-services/Dockerflow"""

import logging
import os
from pathlib import Path

from django.http import HttpRequest, JsonResponse
from dockerflow import checks
from dockerflow.version import get_version

from picus_api.core.dynamodb import table
from picus_api.core.errors import CheckFailed, TableUnavailable

_log = logging.getLogger("picus.health")


def check_table() -> list[checks.CheckMessage]:
    """Return an error if the table does not respond to a read."""
    try:
        table.probe()
    except TableUnavailable as error:
        _log.error("the table does not respond", extra={"cause": error.cause})
        return [checks.Error("The table does not respond.", id="picus.table.E001")]
    return []


def heartbeat(request: HttpRequest) -> JsonResponse:
    """Return 200 if every check passes, else 500 with the names of the failing checks."""
    results = checks.run_checks([("table", check_table)])
    body: dict[str, object] = {"status": checks.level_to_text(results.level), "checks": results.statuses}
    if results.level < checks.ERROR:
        return JsonResponse(body)
    failing = ", ".join(name for name, state in results.statuses.items() if state != "ok")
    return JsonResponse(CheckFailed(failing).body() | body, status=500)


def version(root: str) -> dict[str, str]:
    """Return the image's ``version.json``; in a checkout, what is known there."""
    written: dict[str, str] | None = get_version(root)
    return written or {
        "version": "development",
        "commit": os.environ.get("PICUS_COMMIT", "unknown"),
        "source": f"file://{Path(root).name}",
        "build": "none",
    }
