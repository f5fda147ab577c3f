"""``./picus put_item``: store one item."""

import sys
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandParser

from picus_api.bulk.batch_reader import complete_key
from picus_api.bulk.errors import UsageError
from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.bulk.record_reader import MAX_RECORD_BYTES
from picus_api.core import store
from picus_api.core.errors import ItemExists, PreconditionFailed
from picus_api.core.etag import etag
from picus_api.core.keys import KEY
from picus_api.core.preconditions import ONLY_ABSENT
from picus_api.core.response_body import encode_json
from picus_api.core.values.version_attribute import remove_version
from picus_api.management.changes import add_read_only_option, check_writable, log_change
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
        parser.add_argument("item", nargs="?", help="the JSON object; default: --file or standard input")
        parser.add_argument("--file", metavar="FILE", help="read the object from this file; - is standard input")
        parser.add_argument("--key", type=key_argument, help="the object_id under which the object is stored")
        parser.add_argument("--replace", action="store_true", help="replace the item that has this key")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="check the object, and write nothing")
        add_read_only_option(parser)

    def run(self, options: dict[str, Any]) -> None:
        item = FORMATS[options["format"]].parse(_read_text(options["item"], options["file"]))
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


def _read_text(argument: str | None, file: str | None) -> bytes:
    if argument is not None and file is not None:
        raise UsageError("The item is given twice: as an argument and with --file.")
    if argument is not None:
        return argument.encode(errors="surrogateescape")
    if file not in (None, "-"):
        try:
            with Path(file).open("rb") as opened:
                return _read_limited(opened)
        except OSError as error:
            raise UsageError(f"The item can't be read: {error}.") from error
    if file is None and sys.stdin.isatty():
        raise UsageError("There is no item: give it as an argument, with --file, or on standard input.")
    return _read_limited(sys.stdin.buffer)


def _read_limited(file: BinaryIO) -> bytes:
    text = file.read(MAX_RECORD_BYTES + 1)
    if len(text) > MAX_RECORD_BYTES:
        raise UsageError(f"The item is longer than {MAX_RECORD_BYTES:,} bytes, more than any item needs.")
    return text
