"""``manage.py list_items``: the items, a line each."""

from itertools import islice
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.management.terminal import TerminalCommand, positive
from picus_api.models import Item


class Command(TerminalCommand):
    """A thin face over ``Item.pages``."""

    summary = """
        Print the items of the table, one a line, in no particular order, as the HTTP API shows them: sets as arrays,
        binary as base64. `--format dynamodb` prints rows as DynamoDB keeps them. export_items keeps a whole table.
    """
    examples = """
        manage.py list_items
        manage.py list_items --limit 10
        manage.py list_items | jq -r .object_id
        manage.py list_items --format dynamodb | gzip > items.json.gz
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Those of this command."""
        parser.add_argument("--limit", type=positive(int, 10**12), metavar="N", help="stop after N items")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")

    def run(self, options: dict[str, Any]) -> None:
        """Print them as they come."""
        write = FORMATS[options["format"]].write
        for row in islice((row for page in Item.pages() for row in page.items), options["limit"]):
            self.emit(write(row))
