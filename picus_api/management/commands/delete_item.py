"""``./picus delete_item``: delete one item."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.core import store
from picus_api.core.response_body import deleted_body
from picus_api.management.changes import add_read_only_option, check_writable, log_change
from picus_api.management.terminal import TerminalCommand, key_argument
from picus_api.models import Item


class Command(TerminalCommand):
    summary = "Delete the item with a key. If there is no such item, the command fails (exit status 1)."
    examples = """
        ./picus delete_item 3f0c2d5e-8a1b-4c6d-9e7f-0a1b2c3d4e5f
        ./picus delete_item --dry-run 'a/b c'
        ./picus list_items --filter 'name = "x"' | jq -r .object_id | xargs -d '\\n' -n 1 ./picus delete_item --
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", type=key_argument, help="the item's object_id as it is, without percent-encoding")
        parser.add_argument("--dry-run", action="store_true", help="check that the item exists, and delete nothing")
        add_read_only_option(parser)

    def run(self, options: dict[str, Any]) -> None:
        key = options["key"]
        if options["dry_run"]:
            Item.fetch(key)
            self.say(f'Item with key "{key}" would be deleted.')
            return
        check_writable(options)
        log_change("delete", key=key, etag_before=store.delete(key))
        self.say(f"{deleted_body(key)['message']}.")
