"""The version attribute: a random token that each write stores beside the client's attributes.

The token makes the ETag of an item change with every write (core/etag.py). The attribute is a String, which disturbs no
other program, and clients never see it. An item that another program wrote has no version attribute.
"""

import re
from collections.abc import Callable
from os import urandom

from picus_api.core.errors import BadValue, ItemTooLarge
from picus_api.core.values.attribute_values import AttributeMap

VERSION = "picus_version"
_TOKEN = re.compile(r"v1:[0-9a-f]{32}")


def with_version(document: AttributeMap) -> AttributeMap:
    """Return the document with a new version. Raises BadValue when the document has a version of Picus already.

    Any other value under the same name belongs to the client and stays in place of a version.
    """
    if VERSION not in document:
        return {**document, VERSION: {"S": f"v1:{urandom(16).hex()}"}}
    if has_version(document):
        raise BadValue("This is a version of Picus, which the service assigns: leave it out.", VERSION)
    return document


def has_version(attributes: AttributeMap) -> bool:
    """Return True if the attributes include a version of Picus."""
    if VERSION not in attributes:
        return False
    text = attributes[VERSION].get("S")
    return text is not None and _TOKEN.fullmatch(text) is not None


def without_version(attributes: AttributeMap) -> AttributeMap:
    """Return the attributes that clients see: a copy without the version, or the same dict if it has none."""
    if not has_version(attributes):
        return attributes
    return {name: value for name, value in attributes.items() if name != VERSION}


def remove_version(attributes: AttributeMap) -> None:
    """Remove the version in place, in a third of the time of a copy. The caller owns the dict."""
    if has_version(attributes):
        del attributes[VERSION]


def write_within_limit(item: AttributeMap, write: Callable[[AttributeMap], object]) -> AttributeMap:
    """Call ``write`` with the item, and again without the version if the item exceeds 400 KB with it.

    The 48 bytes of a version must not cost a client an item that DynamoDB could hold: such an item has an ETag of its
    content alone. Returns the item as it was written. Raises what ``write`` raises.
    """
    try:
        write(item)
    except ItemTooLarge:
        if not has_version(item):
            raise
        item = without_version(item)
        write(item)
    return item
