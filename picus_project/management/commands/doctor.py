"""``./picus doctor``: check a deployment on AWS."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from picus_api.management.terminal import USAGE, HelpfulCommand

ROOT = Path(__file__).resolve().parents[3]


class Command(HelpfulCommand):
    """Print the findings of ``ecs.doctor``, which is in a checkout of Picus and not in its image."""

    summary = """
        Check a deployment on AWS: one line for each finding, with the fix where something is wrong. It changes nothing.
        AWS's environment variables select region, profile and credentials; AWS_ENDPOINT_URL selects an emulator.
    """
    examples = """
        AWS_PROFILE=PROFILE AWS_REGION=eu-central-1 ./picus doctor --stage staging
        ./picus doctor --stage production --commit "$(git rev-parse HEAD)"
        ./picus doctor --stage staging --json | jq -r 'select(.verdict != "OK") | .fix'
    """
    exit_status = "Exit status: 0 all is well, 1 something is wrong, 2 something could not be checked, or wrong usage."

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
        _check_stage(options["stage"])
        findings = []
        for finding in examine(options["stage"], **{name: options[name] for name in ("url", "commit", "package")}):
            self.stdout.write(json.dumps(finding._asdict()) if options["json"] else str(finding))
            findings.append(finding)
        counts = {verdict: [finding.verdict for finding in findings].count(verdict) for verdict in (FAIL, UNKNOWN)}
        if any(counts.values()):
            self.stderr.write(f"{counts[FAIL]} of {len(findings)} findings are wrong, {counts[UNKNOWN]} unknown.")
        sys.exit(exit_status(findings))


def _check_stage(name: str) -> None:
    """Raise CommandError unless the stage is in zappa_settings.json: AWS would not know it either."""
    path = ROOT / "zappa_settings.json"
    stages = sorted(json.loads(path.read_text()).keys() - {"base"}) if path.is_file() else [name]
    if name not in stages:
        known = ", ".join(stages)
        raise CommandError(f"There is no stage {name!r}: zappa_settings.json has {known}.", returncode=USAGE)
