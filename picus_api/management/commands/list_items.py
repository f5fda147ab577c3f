"""``./picus list_items``: print items, one per line."""

from itertools import islice
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.management.terminal import TerminalCommand, positive_number
from picus_api.models import Item


class Command(TerminalCommand):
    summary = """
        Print the items of the table, one per line in no particular order, as the HTTP API shows them: sets as arrays,
        binary as base64. `--format dynamodb` prints items as DynamoDB stores them. To keep a whole table use
        export_items.
    """
    examples = """
        ./picus list_items
        ./picus list_items --limit 10
        ./picus list_items | jq -r .object_id
        ./picus list_items --format dynamodb | gzip > items.json.gz
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=positive_number(int, 10**12), metavar="N", help="stop after N items")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")

    def run(self, options: dict[str, Any]) -> None:
        write = FORMATS[options["format"]].write
        items = (item for page in Item.pages() for item in page.items)
        for item in islice(items, options["limit"]):
            self.emit(write(item))
