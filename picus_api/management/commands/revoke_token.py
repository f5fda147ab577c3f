"""``./picus revoke_token``: revoke a token."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import BulkError
from picus_api.core.access.access import rules
from picus_api.management.changes import log_change
from picus_api.management.terminal import TerminalCommand
from picus_api.token_admin import revoke_token


class Command(TerminalCommand):
    summary = "Revoke a token. Both computes refuse it within 30 seconds (ACCESS_CACHE_SECONDS)."
    examples = """
        ./picus revoke_token Ab12Cd34
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token_id", metavar="ID", help="the id that list_tokens shows, or the whole token")

    def run(self, options: dict[str, Any]) -> None:
        given: str = options["token_id"]
        token_id = given.split("_")[1] if given.startswith("picus_") and given.count("_") == 2 else given
        if not revoke_token(token_id):
            raise BulkError(f"There is no token with the id {token_id}.")
        log_change("revoke_token", token=token_id)
        self.say(f"The token {token_id} is revoked. It works for at most {rules().tokens.seconds:g} more seconds.")
