"""``manage.py doctor``: check a deployment on AWS."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

ROOT = Path(__file__).resolve().parents[3]


class Command(BaseCommand):
    """Print the findings of ``ecs.doctor``, which is in a checkout of Picus and not in its image.

    Exit status: 0 if all is well, 1 if something is wrong, 2 if something could not be checked. AWS's own environment
    variables select region, profile and credentials; AWS_ENDPOINT_URL selects an emulator.
    """

    help = "Check a deployment on AWS: one line for each finding, with the fix where something is wrong."
    requires_system_checks = []  # noqa: RUF012 it looks at another table than this process's

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options to `parser`."""
        package = ROOT / "build" / "delete_fn.zip"
        parser.add_argument("--stage", required=True, help="as in zappa_settings.json: staging, production")
        parser.add_argument("--url", default="", help="the public address; default: the domain of the edge stack")
        parser.add_argument(
            "--commit", default="", help="the commit that __version__ must show, beside the image's tag"
        )
        parser.add_argument("--package", type=Path, default=package, help="the function's zip that make package built")
        parser.add_argument("--json", action="store_true", help="print a JSON object for each finding")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding as it is made, then exit."""
        try:
            # Present on an operator's machine only.
            from ecs.doctor.examination import examine  # noqa: PLC0415
            from ecs.doctor.findings import FAIL, UNKNOWN, exit_status  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise CommandError(f"doctor needs a checkout of Picus: there is no module {error.name}.") from error
        findings = []
        for finding in examine(options["stage"], **{name: options[name] for name in ("url", "commit", "package")}):
            self.stdout.write(json.dumps(finding._asdict()) if options["json"] else str(finding))
            findings.append(finding)
        counts = {verdict: [finding.verdict for finding in findings].count(verdict) for verdict in (FAIL, UNKNOWN)}
        if any(counts.values()):
            self.stderr.write(f"{counts[FAIL]} of {len(findings)} findings are wrong, {counts[UNKNOWN]} unknown.")
        sys.exit(exit_status(findings))
