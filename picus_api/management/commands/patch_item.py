"""``./picus patch_item``: change attributes of one item."""

from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import UsageError
from picus_api.bulk.formats import NDJSON
from picus_api.core import store
from picus_api.core.errors import BadRequest, InvalidHeader
from picus_api.core.etag import etag
from picus_api.core.preconditions import Preconditions, parse_preconditions
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.merge_patch import apply_merge_patch
from picus_api.core.values.version_attribute import without_version
from picus_api.management.changes import add_read_only_option, check_writable, log_change
from picus_api.management.object_input import add_object_arguments, read_object
from picus_api.management.terminal import TerminalCommand, key_argument


class Command(TerminalCommand):
    summary = """
        Apply a JSON Merge Patch (RFC 7396) to the item with a key, and print the item: null removes an attribute,
        objects merge, all else replaces. The patch is an argument, a file, or standard input. With --if-match the item
        is patched only if it still has this ETag, which `get_item --etag` prints.
    """
    examples = """
        ./picus patch_item KEY '{"price": 12.50, "old": null}'
        ./picus patch_item KEY --file patch.json
        echo '{"address": {"city": "Bern"}}' | ./picus patch_item 'a/b c'
        ./picus patch_item KEY --if-match "$(./picus get_item --etag KEY)" '{"n": 2}'
    """

    intermixed = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", type=key_argument, help="the item's object_id as it is, without percent-encoding")
        add_object_arguments(parser, "patch")
        parser.add_argument("--if-match", metavar="ETAG", help="patch the item only if it has this ETag")
        parser.add_argument("--dry-run", action="store_true", help="print the patched item, and write nothing")
        add_read_only_option(parser)

    def run(self, options: dict[str, Any]) -> None:
        key = options["key"]
        preconditions = _preconditions(options["if_match"])
        changes = _parse(read_object(options, "patch"))
        if options["dry_run"]:
            self.emit(NDJSON.write(_patched(key, changes, preconditions)))
            self.say("The item can be patched; nothing was written.")
        else:
            check_writable(options)
            written = store.patch(key, changes, preconditions)
            log_change("patch", key=key, etag_before=written.etag_before, etag_after=etag(written.item))
            self.emit(NDJSON.write(written.item))


def _parse(text: bytes) -> AttributeMap:
    try:
        return attributes_from_json(text)
    except BadRequest as error:
        error.message = error.message.replace("The body", "The patch", 1)
        raise


def _preconditions(tag: str | None) -> Preconditions | None:
    """Return the precondition of --if-match. Shells remove the quotes of an ETag, so they may be missing."""
    try:
        return parse_preconditions(tag if tag is None or tag == "*" or '"' in tag else f'"{tag}"', None)
    except InvalidHeader:
        raise UsageError("--if-match must be *, or an ETag as `get_item --etag` prints it.") from None


def _patched(key: str, changes: AttributeMap, preconditions: Preconditions | None) -> AttributeMap:
    changes = store.document_for(key, changes)
    item = store.get(key)
    if preconditions is not None:
        preconditions.check(key, item)
    return apply_merge_patch(without_version(item), changes)
