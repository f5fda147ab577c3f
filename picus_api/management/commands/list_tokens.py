"""``./picus list_tokens``: list the tokens."""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from picus_api.core.access.tokens import TokenRecord
from picus_api.core.response_body import encode_json
from picus_api.management.terminal import TerminalCommand
from picus_api.token_admin import list_tokens

_HEADINGS = ("ID", "LABEL", "SCOPES", "PREFIX", "CREATED", "EXPIRES")


class Command(TerminalCommand):
    summary = "List the tokens, the oldest first. The tokens themselves are not known: only their hashes are stored."
    examples = """
        ./picus list_tokens
        ./picus list_tokens --json | jq -r 'select(.label == "ci").id'
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON object for each token")

    def run(self, options: dict[str, Any]) -> None:
        records = list_tokens()
        if options["json"]:
            for record in records:
                self.emit(encode_json(_fields(record)))
            return
        rows = [_HEADINGS, *map(_row, records)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.emit(line.rstrip().encode())


def _fields(record: TokenRecord) -> dict[str, Any]:
    return {
        "id": record.token_id,
        "label": record.label,
        "scopes": sorted(record.scopes),
        "prefix": record.prefix,
        "created": _time(record.created),
        "expires": None if record.expires is None else _time(record.expires),
    }


def _row(record: TokenRecord) -> tuple[str, ...]:
    expires = "never" if record.expires is None else _time(record.expires)
    if record.expires is not None and record.expires <= time.time():
        expires += " (expired)"
    scopes = ",".join(sorted(record.scopes))
    return record.token_id, record.label, scopes, record.prefix or "-", _time(record.created), expires


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
