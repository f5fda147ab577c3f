"""``./picus get_item``: print one item."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.management.terminal import TerminalCommand, key_argument
from picus_api.models import Item


class Command(TerminalCommand):
    summary = """
        Print the item with a key on one line, as the HTTP API shows it: sets as arrays, binary as base64.
        `--format dynamodb` prints the item as DynamoDB stores it. --etag prints its ETag in place of the item.
    """
    examples = """
        ./picus get_item 3f0c2d5e-8a1b-4c6d-9e7f-0a1b2c3d4e5f
        ./picus get_item 'a/b c' | jq .
        ./picus get_item --format dynamodb KEY > item.json
        ./picus get_item --etag KEY
        ./picus get_item -- -key-that-starts-with-a-dash
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", type=key_argument, help="the item's object_id as it is, without percent-encoding")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")
        parser.add_argument("--etag", action="store_true", help="print the item's ETag, for patch_item --if-match")

    def run(self, options: dict[str, Any]) -> None:
        item = Item.fetch(options["key"])
        self.emit(item.etag().encode() if options["etag"] else FORMATS[options["format"]].write(item.serialize()))
