"""``./picus list_items``: print items, one per line."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import UsageError
from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.core.query.list_expressions import as_query_error, choose_path, parse_list
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.management.table_output import Table, terminal_width
from picus_api.management.terminal import TerminalCommand, check_not_empty, positive_number
from picus_api.models import Item


class Command(TerminalCommand):
    summary = """
        Print the items of the table, one per line, as the HTTP API shows them. Without --sort they are in no particular
        order. Sets are arrays and binary is base64. --filter, --fields, --sort and --limit work as in the HTTP API. A
        filter reads the whole table, unless an index can help: see create_index. `--format dynamodb` prints attribute
        values of DynamoDB. To keep a table use export_items.

        --output table aligns columns for people: those of --fields, or all attributes. On a terminal long values are
        cut, and columns without room are hidden. What a terminal can't show, or would obey, is escaped.
    """
    examples = """
        ./picus list_items
        ./picus list_items --limit 10
        ./picus list_items --output table --fields name,price --limit 20
        ./picus list_items --filter 'status = "open" AND price >= 12.5' --fields name,price
        ./picus list_items --filter 'status = "open"' --sort=-created --limit 10
        ./picus list_items --filter 'begins_with(object_id, "customer/")' | jq -r .object_id
        ./picus list_items --format dynamodb | gzip > items.json.gz
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--filter", metavar="FILTER", help="print the items for which this is true")
        parser.add_argument("--fields", metavar="A,B.C", help="print these attributes, and the key")
        parser.add_argument(
            "--sort", metavar="NAME", help="print the items in this order; -NAME: descending; see create_index"
        )
        parser.add_argument("--limit", type=positive_number(int, 10**12), metavar="N", help="stop after N items")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")
        parser.add_argument("--output", choices=("lines", "table"), default="lines", help="default: %(default)s")

    def run(self, options: dict[str, Any]) -> None:
        check_not_empty(options, "filter", "fields", "sort")
        as_table = options["output"] == "table"
        if as_table and options["format"] != NDJSON.name:
            raise UsageError(f"A table shows values, not the format {options['format']}: leave out --format.")
        wanted = parse_list(options["filter"], options["fields"], options["sort"])
        write = FORMATS[options["format"]].write
        with as_query_error(wanted.conditions or wanted.fields):
            pages = Item.pages(choose_path(wanted))
            items = islice((item for page in pages for item in page.items), options["limit"])
            if as_table:
                self._print_table(items, options["fields"])
            else:
                for item in items:
                    self.emit(write(item))

    def _print_table(self, items: Iterator[AttributeMap], fields: str | None) -> None:
        table = Table(items, fields, terminal_width())
        for line in table.lines():
            self.emit(line.encode())
        for count, reason in ((table.hidden, "have no room"), (len(table.unseen), "appear only in later items")):
            if count:
                self.say(f"{count:,} more attributes {reason}: choose columns with --fields.")
