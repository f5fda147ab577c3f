"""``./picus create_index``: add an index to the table of items."""

import time
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.management.terminal import TerminalCommand, progress_bar
from picus_api.table_setup import IndexDiffers, IndexSpec, create_index, index_state

POLL_SECONDS = 1.0


class Command(TerminalCommand):
    summary = """
        Add a global secondary index to the table of items, with all attributes, and wait until DynamoDB has filled it.
        Lists with a filter that compares the first attribute with = then read the index and not the whole table, and
        `sort` works by the second attribute. The index is named after its attributes: status-index,
        status-created-index.

        The attributes are text, or numbers with --type N. DynamoDB then refuses items in which they have another type
        or are an empty text. The command may be interrupted: DynamoDB goes on, and the same command shows the progress.
    """
    examples = """
        ./picus create_index status
        ./picus create_index status created
        ./picus create_index customer total --type N
        ./picus create_index year created --type N S
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("partition", metavar="ATTRIBUTE", help="the attribute that filters compare with =")
        parser.add_argument("sort", metavar="SORT", nargs="?", help="the attribute by which lists are sorted")
        types = "S (text, the default) or N (number): of the last attribute, or of both"
        parser.add_argument("--type", nargs="+", choices=("S", "N"), default=["S"], metavar="TYPE", help=types)

    def run(self, options: dict[str, Any]) -> None:
        index = _index(options)
        try:
            created = create_index(index)
            self._wait(index)
        except IndexDiffers as error:
            raise BulkError(str(error)) from error
        done = "created and active" if created else "exists already and is active"
        self.stdout.write(f"Index {index.name}: {done}. The service uses it within a minute.")

    def _wait(self, index: IndexSpec) -> None:
        """Show the progress until the index is active. Raises IndexDiffers, TableUnavailable."""
        state = index_state(index)
        with progress_bar(" items", state.table_items, desc=f"{index.name}: waiting") as bar:
            while state.status != "ACTIVE":
                bar.set_description(f"{index.name}: {'filling' if state.backfilling else state.status.lower()}")
                bar.n = min(state.items, state.table_items)
                bar.refresh()
                time.sleep(POLL_SECONDS)
                state = index_state(index)


def _index(options: dict[str, Any]) -> IndexSpec:
    """Return the index that the options describe. Raises UsageError."""
    names = [name for name in (options["partition"], options["sort"]) if name is not None]
    types = options["type"]
    if len(types) > len(names):
        raise UsageError("--type takes no more types than there are attributes.")
    if len(set(names)) < len(names) or "" in names:
        raise UsageError("The attributes of an index are two different ones, or one.")
    return IndexSpec(tuple(zip(names, ["S"] * (len(names) - len(types)) + types, strict=True)))
