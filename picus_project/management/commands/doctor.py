"""``manage.py doctor``: is a deployment set up as it should be?"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from picus_project.doctor.deployment import ROOT
from picus_project.doctor.examination import examine
from picus_project.doctor.findings import Finding, exit_status


class Command(BaseCommand):
    """A thin face over ``picus_project.doctor.examination``.

    Exit status: 0 all is well, 1 something is wrong, 2 something could not be looked at. Environment variables: AWS's
    own for region, profile and credentials; AWS_ENDPOINT_URL for an emulator.
    """

    help = "Examine a live deployment: one line for each thing, and the fix where it is not as it should be."
    requires_system_checks = []  # noqa: RUF012 it looks at another table than this process's

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What to examine."""
        parser.add_argument("--stage", required=True, help="as in zappa_settings.json: staging, production")
        parser.add_argument("--url", default="", help="the public address; default: the distribution's own name")
        parser.add_argument("--commit", default="", help="what __version__ must show, beside the image's tag")
        parser.add_argument(
            "--package", type=Path, default=ROOT / "build" / "delete_fn.zip", help="made by make package"
        )
        parser.add_argument("--json", action="store_true", help="a JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding as it is made."""
        findings = []
        for finding in examine(options["stage"], **{name: options[name] for name in ("url", "commit", "package")}):
            self.stdout.write(json.dumps(finding._asdict()) if options["json"] else str(finding))
            findings.append(finding)
        self._summary(findings)
        sys.exit(exit_status(findings))

    def _summary(self, findings: list[Finding]) -> None:
        counts = {verdict: [finding.verdict for finding in findings].count(verdict) for verdict in ("FAIL", "UNKNOWN")}
        if any(counts.values()):
            self.stderr.write(f"{len(findings)} findings: {counts['FAIL']} wrong, {counts['UNKNOWN']} not looked at.")
