"""``manage.py delete_item``: delete one item."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.core import store
from picus_api.core.response_body import deleted_body
from picus_api.management.terminal import TerminalCommand, key
from picus_api.models import Item


class Command(TerminalCommand):
    """A thin face over ``table.remove``."""

    summary = "Delete the item with a key. It is an error (1) when there is none."
    examples = """
        manage.py delete_item 3f0c2d5e-8a1b-4c6d-9e7f-0a1b2c3d4e5f
        manage.py delete_item --dry-run 'a/b c'
        manage.py list_items | jq -r 'select(.name == "x").object_id' | xargs -d '\\n' -n 1 manage.py delete_item --
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Those of this command."""
        parser.add_argument("key", type=key, help="the item's object_id, as it is: nothing is percent-encoded here")
        parser.add_argument("--dry-run", action="store_true", help="see whether it is there, and delete nothing")

    def run(self, options: dict[str, Any]) -> None:
        """Delete it."""
        key = options["key"]
        if options["dry_run"]:
            Item.fetch(key)
            self.say(f'Item with key "{key}" would be deleted.')
            return
        store.delete(key)
        self.say(f"{deleted_body(key)['message']}.")
