"""``./picus list_items``: print items, one per line."""

from itertools import islice
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.core.errors import BadParameter
from picus_api.core.query.list_expressions import as_query_error, list_expressions
from picus_api.management.terminal import TerminalCommand, positive_number
from picus_api.models import Item


class Command(TerminalCommand):
    summary = """
        Print the items of the table, one per line, as the HTTP API shows them. Items are in no particular order, sets
        are arrays and binary is base64. --filter, --fields and --limit work as in the HTTP API. A filter still reads
        the whole table. `--format dynamodb` prints attribute values of DynamoDB. To keep a table use export_items.
    """
    examples = """
        ./picus list_items
        ./picus list_items --limit 10
        ./picus list_items --filter 'status = "open" AND price >= 12.5' --fields name,price
        ./picus list_items --filter 'begins_with(object_id, "customer/")' | jq -r .object_id
        ./picus list_items --format dynamodb | gzip > items.json.gz
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--filter", metavar="FILTER", help="print the items for which this is true")
        parser.add_argument("--fields", metavar="A,B.C", help="print these attributes, and the key")
        parser.add_argument("--limit", type=positive_number(int, 10**12), metavar="N", help="stop after N items")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")

    def run(self, options: dict[str, Any]) -> None:
        for name in ("filter", "fields"):
            if options[name] == "":
                raise BadParameter.empty(name)
        expressions = list_expressions(options["filter"], options["fields"])
        write = FORMATS[options["format"]].write
        with as_query_error(expressions):
            items = (item for page in Item.pages(**expressions) for item in page.items)
            for item in islice(items, options["limit"]):
                self.emit(write(item))
