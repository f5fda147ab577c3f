"""``./picus count_items``: print the number of items."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.counter import ItemCounter
from picus_api.bulk.errors import UsageError
from picus_api.management.terminal import (
    TerminalCommand,
    add_read_options,
    check_not_empty,
    item_count,
    progress_bar,
    speed,
)
from picus_api.table_setup import approximate_count, estimated_count


class Command(TerminalCommand):
    summary = """
        Print the number of items in the table, or of those that match --filter. DynamoDB counts; it reads the whole
        table for that, and the count costs the same as a list. --estimated is free: the number that DynamoDB updates
        about every six hours.
    """
    examples = """
        ./picus count_items
        ./picus count_items --estimated
        ./picus count_items --filter 'status = "open" AND price >= 12.5'
        ./picus count_items --max-rcu 100 --segments 2
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--filter", metavar="FILTER", help="count the items for which this is true")
        parser.add_argument("--estimated", action="store_true", help="print DynamoDB's own estimate, and read nothing")
        add_read_options(parser)

    def run(self, options: dict[str, Any]) -> None:
        check_not_empty(options, "filter")
        if options["estimated"]:
            if options["filter"]:
                raise UsageError("An estimate is for the whole table: leave out --filter or --estimated.")
            self.emit(str(estimated_count()).encode())
            self.say("Estimated: DynamoDB updates this number about every six hours.")
            return
        with progress_bar(" items read", approximate_count()) as bar:
            counter = ItemCounter(options["filter"], options["segments"], options["max_rcu"])
            result = counter.run(bar.update)
        self.emit(str(result.items).encode())
        self.say(f"{item_count(result.read)} read: {speed(result.read, result.seconds, result.units, 'RCU')}.")
