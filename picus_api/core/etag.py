"""Strong ETags (RFC 9110, section 8.8.3) of items."""

import re
from base64 import b64encode
from hashlib import blake2b
from typing import Any

from picus_api.core.values.attribute_values import AttributeMap, AttributeValue
from picus_api.core.values.codec import encode_sorted
from picus_api.core.values.numbers import canonical


def etag(attributes: AttributeMap) -> str:
    """Return the strong ETag of an item as stored, quotes included.

    The ETag is a hash of all attributes, the version attribute included: equal content that is written again has
    another ETag, and so has an item that another program changed in place.
    """
    text = encode_sorted(attributes)
    if _SEVERAL_FORMS.search(text):
        text = encode_sorted(_normal_members(attributes))
    return f'"{blake2b(text, digest_size=16).hexdigest()}"'


# One value can be written in several ways: sets in any order, and all numbers but the most usual. Only items with such
# values are normalised.
_SEVERAL_FORMS = re.compile(rb'"[NSB]S":\[|"N":"(?!(?:0|-?[1-9][0-9]{0,17}|-?[0-9]{1,18}\.[0-9]{0,4}[1-9])")')


def _normal_members(attributes: AttributeMap) -> AttributeMap:
    return {name: _normal(value) for name, value in attributes.items()}


def _normal(value: AttributeValue) -> AttributeValue:
    [(tag, content)] = value.items()
    return {tag: _NORMAL[tag](content) if tag in _NORMAL else content}


def _normal_binary(content: bytes | str) -> str:
    return content if isinstance(content, str) else b64encode(content).decode()


_NORMAL: dict[str, Any] = {
    "N": canonical,
    "NS": lambda content: sorted(map(canonical, content)),
    "SS": sorted,
    "BS": lambda content: sorted(map(_normal_binary, content)),
    "M": _normal_members,
    "L": lambda content: [_normal(value) for value in content],
}
