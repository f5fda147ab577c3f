"""Versions of items, so that an ETag changes with every write.

Every write by Picus stores a new random token in one attribute beside the client's own: a String, which disturbs no
other program, and which clients never see. The strong ETag is a hash of the item as stored, token included, so that
equal content written anew has a new ETag, and so has what another program changed in place. A row that another program
wrote has no token; its ETag is of its content alone.
"""

import re
from base64 import b64encode
from hashlib import blake2b
from os import urandom
from typing import Any

from picus_api.core.attributes import AttributeMap, AttributeValue
from picus_api.core.dynamodb.wire_json import encode_sorted
from picus_api.core.errors import BadValue
from picus_api.core.numbers import canonical

VERSION = "picus_version"
_TOKEN = re.compile(r"v1:[0-9a-f]{32}")


def stamped(document: AttributeMap) -> AttributeMap:
    """The document as it is written: with a version of its own. Raises BadValue when it brings one along.

    Any other value under the same name is the client's own, and takes the version's place.
    """
    if VERSION not in document:
        return {**document, VERSION: {"S": f"v1:{urandom(16).hex()}"}}
    if has_version(document):
        raise BadValue("This is a version of Picus, which the service assigns: leave it out.", VERSION)
    return document


def has_version(attributes: AttributeMap) -> bool:
    """Whether these attributes have a version of Picus."""
    if VERSION not in attributes:
        return False
    text = attributes[VERSION].get("S")
    return text is not None and _TOKEN.fullmatch(text) is not None


def visible(attributes: AttributeMap) -> AttributeMap:
    """What clients see of the attributes that are stored."""
    if not has_version(attributes):
        return attributes
    return {name: value for name, value in attributes.items() if name != VERSION}


def hide_version(attributes: AttributeMap) -> None:
    """Make of attributes that nobody else holds what clients see: the same in a third of the time."""
    if has_version(attributes):
        del attributes[VERSION]


def etag(attributes: AttributeMap) -> str:
    """The strong ETag (RFC 9110, section 8.8.3) of an item as stored, quotes included."""
    text = encode_sorted(attributes)
    if _SEVERAL_FORMS.search(text):
        text = encode_sorted(_normal_members(attributes))
    return f'"{blake2b(text, digest_size=16).hexdigest()}"'


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


# One value may be written in several ways: sets in any order, all numbers but the most usual. Other items are done.
_SEVERAL_FORMS = re.compile(rb'"[NSB]S":\[|"N":"(?!(?:0|-?[1-9][0-9]{0,17}|-?[0-9]{1,18}\.[0-9]{0,4}[1-9])")')


def _normal_members(attributes: AttributeMap) -> AttributeMap:
    return {name: _normal(value) for name, value in attributes.items()}


def _normal(value: AttributeValue) -> AttributeValue:
    [(tag, content)] = value.items()
    return {tag: _NORMAL[tag](content) if tag in _NORMAL else content}


def _normal_binary(content: bytes | str) -> str:
    return content if isinstance(content, str) else _base64(content)


_NORMAL: dict[str, Any] = {
    "N": canonical,
    "NS": lambda content: sorted(map(canonical, content)),
    "SS": sorted,
    "BS": lambda content: sorted(map(_normal_binary, content)),
    "M": _normal_members,
    "L": lambda content: [_normal(value) for value in content],
}
