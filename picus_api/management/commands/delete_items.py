"""``./picus delete_items``: delete the items that match a filter."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.counter import ItemCounter
from picus_api.bulk.deleter import DeleteOptions, Deleter, DeleteResult
from picus_api.bulk.errors import BulkError, UsageError
from picus_api.core.dynamodb.table import table_name
from picus_api.core.errors import TableUnavailable
from picus_api.management.changes import add_read_only_option, check_writable, log_change
from picus_api.management.terminal import (
    TerminalCommand,
    add_bulk_options,
    add_read_options,
    add_write_options,
    check_not_empty,
    item_count,
    progress_bar,
    speed,
)

_CHECKPOINT_SUFFIX = ".delete-checkpoint"


class Command(TerminalCommand):
    summary = """
        Delete the items that match --filter. The command reads the table once, says how many items match, and asks
        before it deletes them; --yes deletes without a question, --dry-run counts only. An item that changed after it
        was matched stays. An item that matches only later is not deleted.

        A deletion that ended early continues when the same command is run again in the same folder: the checkpoint
        TABLE.delete-checkpoint records its progress, and TABLE.delete-checkpoint.keys lists the matching items.
        --checkpoint names another file. Both files are deleted at the end.
    """
    examples = """
        ./picus delete_items --filter 'status = "expired"' --dry-run
        ./picus delete_items --filter 'status = "expired"'
        ./picus delete_items --filter 'begins_with(object_id, "tmp/") AND NOT keep:*' --yes
        ./picus delete_items --filter 'created < "2024-01-01"' --yes --max-wcu 100 --max-rcu 200
    """

    def add_arguments(self, parser: CommandParser) -> None:
        matching = "delete the items for which this is true; object_id:* is true for all"
        parser.add_argument("--filter", metavar="FILTER", required=True, help=matching)
        parser.add_argument("--yes", action="store_true", help="delete without a question")
        add_write_options(parser)
        add_read_options(parser)
        add_bulk_options(parser, "deletion")
        add_read_only_option(parser)

    def run(self, options: dict[str, Any]) -> None:
        check_not_empty(options, "filter")
        if options["dry_run"]:
            self._count(options)
            return
        if not (options["yes"] or (sys.stdin and sys.stdin.isatty())):
            raise UsageError("There is no terminal to ask at: add --yes to delete, or --dry-run to count only.")
        check_writable(options)
        deleter = Deleter(_chosen(options))
        try:
            self._match(deleter)
            if deleter.left == 0:
                deleter.discard()
                self.say("Nothing is left to delete.")
            elif options["yes"] or _confirmed(deleter):
                self._delete(deleter, options)
            else:
                deleter.discard()
                raise BulkError("Nothing was deleted.")
        finally:
            deleter.close()

    def _count(self, options: dict[str, Any]) -> None:
        with progress_bar(" items read", None) as bar:
            result = ItemCounter(options["filter"], options["segments"], options["max_rcu"]).run(bar.update)
        cost = speed(result.read, result.seconds, result.units, "RCU")
        self.say(f"{item_count(result.items)} would be deleted; nothing was deleted. Read: {cost}.")

    def _match(self, deleter: Deleter) -> None:
        with progress_bar(" items match", None) as bar:
            try:
                result = deleter.match(bar.update)
            except (BulkError, TableUnavailable, KeyboardInterrupt):
                if deleter.can_continue:
                    self.say("Nothing is deleted yet; run the same command again to continue the search.")
                raise
        if result is None:
            self.say(f"Continuing a deletion: {deleter.left:,} of {item_count(deleter.matched, verb=True)} left.")
        else:
            self.say(f"{item_count(deleter.matched)} found: {result.seconds:.1f} s, {result.units:,.0f} RCU.")

    def _delete(self, deleter: Deleter, options: dict[str, Any]) -> None:
        before = deleter.deleted  # by an earlier run
        with progress_bar(" items", deleter.matched, initial=deleter.matched - deleter.left) as bar:
            try:
                result = deleter.run(bar.update, partial(check_writable, options))
            except (BulkError, TableUnavailable, KeyboardInterrupt):
                bar.close()
                self.say(f"{item_count(deleter.deleted, verb=True)} deleted; run the same command again to continue.")
                raise
            finally:
                if deleter.deleted > before:
                    log_change("delete_many", count=deleter.deleted - before, filter=options["filter"])
        self.say(_summary(result))


def _chosen(options: dict[str, Any]) -> DeleteOptions:
    return DeleteOptions(
        filter=options["filter"],
        checkpoint=Path(options["checkpoint"] or table_name() + _CHECKPOINT_SUFFIX).absolute(),
        segments=options["segments"],
        threads=options["threads"],
        max_rcu=options["max_rcu"],
        max_wcu=options["max_wcu"],
        restart=options["restart"],
    )


def _confirmed(deleter: Deleter) -> bool:
    try:
        return _confirm(f"Delete {item_count(deleter.left)} from the table {table_name()}?")
    except KeyboardInterrupt:
        # The list would be old when the command is run again.
        deleter.discard()
        raise


def _summary(result: DeleteResult) -> str:
    changed = f", {result.changed:,} left because they changed" if result.changed else ""
    gone = f", {result.gone:,} gone already" if result.gone else ""
    cost = speed(result.deleted, result.seconds, result.units, "WCU")
    return f"{item_count(result.deleted)} deleted{changed}{gone}: {cost}."


def _confirm(question: str) -> bool:
    """Ask on standard error, and return True if the operator types y or yes."""
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
