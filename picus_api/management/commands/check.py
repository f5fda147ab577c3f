"""``./picus check``: check the settings and the table."""

from typing import Any

from django.core import checks

from picus_api.bulk.errors import BulkError
from picus_api.management.terminal import TerminalCommand


class Command(TerminalCommand):
    summary = "Check the settings, and that the table of items responds and has the right key."
    examples = """
        ./picus check
        (set -a; . .local/stack.env; DYNAMODB_TABLE_NAME=other ./picus check)
        AWS_PROFILE=PROFILE AWS_REGION=eu-central-1 DYNAMODB_TABLE_NAME=items ./picus check
    """

    def run(self, options: dict[str, Any]) -> None:
        found = [message for message in checks.run_checks() if message.is_serious()]
        if found:
            raise BulkError("\n".join(f"{message.msg} {message.hint or ''}".strip() for message in found))
        self.say("The settings are valid, and the table responds.")
