"""``./picus put_item``: store one item."""

import uuid
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.batch_reader import complete_key
from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.core import store
from picus_api.core.errors import ItemExists, PreconditionFailed
from picus_api.core.etag import etag
from picus_api.core.keys import KEY
from picus_api.core.preconditions import ONLY_ABSENT
from picus_api.core.response_body import encode_json
from picus_api.core.values.version_attribute import remove_version
from picus_api.management.changes import add_read_only_option, check_writable, log_change
from picus_api.management.object_input import add_object_arguments, read_object
from picus_api.management.terminal import TerminalCommand, key_argument


class Command(TerminalCommand):
    summary = """
        Store one JSON object and print its key. The object is an argument, a file, or standard input. Without --key and
        without an object_id in the object it gets a new key. An existing item is replaced only with --replace.
    """
    examples = """
        ./picus put_item '{"name": "x", "price": 12.50}'
        ./picus put_item --file item.json
        curl -s https://example.com/item.json | ./picus put_item
        ./picus put_item --key a/b --replace '{"name": "y"}'
        ./picus get_item --format dynamodb KEY | ./picus put_item --format dynamodb --key COPY
    """

    def add_arguments(self, parser: CommandParser) -> None:
        add_object_arguments(parser, "item")
        parser.add_argument("--key", type=key_argument, help="the object_id under which the object is stored")
        parser.add_argument("--replace", action="store_true", help="replace the item that has this key")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="check the object, and write nothing")
        add_read_only_option(parser)

    def run(self, options: dict[str, Any]) -> None:
        item = FORMATS[options["format"]].parse(read_object(options, "item"))
        if options["key"] is not None:
            item[KEY] = {"S": options["key"]}
        key = complete_key(item, lambda: str(uuid.uuid4()))
        if options["dry_run"]:
            self.say("The item can be stored; nothing was written.")
            return
        remove_version(item)
        check_writable(options)
        try:
            written = store.replace(key, item, None if options["replace"] else ONLY_ABSENT)
        except PreconditionFailed:
            raise ItemExists from None
        action = "create" if written.created else "replace"
        log_change(action, key=key, etag_before=written.etag_before, etag_after=etag(written.item))
        self.emit(encode_json({KEY: key}))
