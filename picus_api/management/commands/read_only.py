"""``./picus read_only``: switch all changes of items off and on."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.core.access.access import rules
from picus_api.management.changes import log_change
from picus_api.management.terminal import TerminalCommand
from picus_api.token_admin import set_read_only


class Command(TerminalCommand):
    summary = """
        Switch read-only on or off, or show it. While read-only is on, both computes refuse every change with 503, and
        reading goes on. The switch holds everywhere within 30 seconds (ACCESS_CACHE_SECONDS), without a deployment.
        Commands that write need --even-if-read-only.
    """
    examples = """
        ./picus read_only on
        ./picus read_only status
        ./picus read_only off
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("state", choices=("on", "off", "status"))

    def run(self, options: dict[str, Any]) -> None:
        state = options["state"]
        if state == "status":
            self.emit(b"on" if rules().tokens.is_read_only() else b"off")
            return
        set_read_only(state == "on")
        log_change(f"read_only_{state}")
        self.say(f"Read-only is {state}, everywhere within {rules().tokens.seconds:g} seconds.")
