"""``manage.py put_item``: store one item."""

import sys
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandParser

from picus_api.bulk.errors import UsageError
from picus_api.bulk.formats import DYNAMODB, FORMATS, NDJSON
from picus_api.bulk.reading import complete_key
from picus_api.bulk.splitting import MAX_RECORD_BYTES
from picus_api.core import store
from picus_api.core.errors import ItemExists, PreconditionFailed
from picus_api.core.keys import KEY
from picus_api.core.preconditions import ONLY_ABSENT
from picus_api.core.response_body import encode_json
from picus_api.core.values.version_attribute import remove_version
from picus_api.management.terminal import TerminalCommand, key


class Command(TerminalCommand):
    """A thin face over ``picus_api.bulk.single``."""

    summary = """
        Store one JSON object and print its key. The object comes as an argument, from a file, or from standard input.
        Without --key and without an object_id of its own it gets a new key; under a key that is in use it is stored
        only with --replace.
    """
    examples = """
        manage.py put_item '{"name": "x", "value": 1.10}'
        manage.py put_item --file item.json
        curl -s https://example.com/item.json | manage.py put_item
        manage.py put_item --key a/b --replace '{"name": "y"}'
        manage.py get_item --format dynamodb KEY | manage.py put_item --format dynamodb --key COPY
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Those of this command."""
        parser.add_argument(
            "item", nargs="?", help="the JSON object; without it, it is read from --file or standard input"
        )
        parser.add_argument("--file", metavar="FILE", help="read the object from this file; - is standard input")
        parser.add_argument("--key", type=key, help="the object_id to store it under")
        parser.add_argument("--replace", action="store_true", help="replace the item that has this key")
        names = (NDJSON.name, DYNAMODB.name)
        parser.add_argument("--format", choices=names, default=NDJSON.name, help="default: %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="check the object, and write nothing")

    def run(self, options: dict[str, Any]) -> None:
        """Store it."""
        item = FORMATS[options["format"]].parse(_text(options["item"], options["file"]))
        if options["key"] is not None:
            item[KEY] = {"S": options["key"]}
        key = complete_key(item, lambda: str(uuid.uuid4()))
        if options["dry_run"]:
            self.say("The item is fit to be stored; nothing was written.")
            return
        remove_version(item)
        try:
            store.replace(key, item, None if options["replace"] else ONLY_ABSENT)
        except PreconditionFailed:
            raise ItemExists from None
        self.emit(encode_json({KEY: key}))


def _text(argument: str | None, file: str | None) -> bytes:
    if argument is not None and file is not None:
        raise UsageError("The item is given twice: as an argument and with --file.")
    if argument is not None:
        return argument.encode(errors="surrogateescape")
    if file not in (None, "-"):
        try:
            with Path(file).open("rb") as opened:
                return _bounded(opened)
        except OSError as error:
            raise UsageError(f"The item can't be read: {error}.") from error
    if file is None and sys.stdin.isatty():
        raise UsageError("There is no item: give it as an argument, with --file, or on standard input.")
    return _bounded(sys.stdin.buffer)


def _bounded(file: BinaryIO) -> bytes:
    text = file.read(MAX_RECORD_BYTES + 1)
    if len(text) > MAX_RECORD_BYTES:
        raise UsageError(f"The item is longer than {MAX_RECORD_BYTES:,} bytes, more than any item needs.")
    return text
