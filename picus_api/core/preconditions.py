"""Preconditions of HTTP (RFC 9110, section 13), and how DynamoDB decides them together with the write."""

import re
from typing import Any, NamedTuple

from picus_api.core import messages
from picus_api.core.attributes import AttributeMap
from picus_api.core.errors import BadValue
from picus_api.core.table import KEY
from picus_api.core.versions import VERSION, etag, has_version

# A weak tag is compared like a strong one: CloudFront weakens those of the answers that it compresses.
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
ANY = frozenset("*")

# DynamoDB takes 300 operators and 4 KB per expression; an attribute costs two operators and up to 18 bytes.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
MAX_COMPARED = 140


class PreconditionFailed(Exception):
    """The item is not as the client's If-Match or If-None-Match wants it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotComparable(Exception):
    """The item has no version and more attributes than one condition can compare."""


class Preconditions(NamedTuple):
    """The entity tags of If-Match and of If-None-Match, each None when the request has no such field."""

    match: frozenset[str] | None
    none_match: frozenset[str] | None

    def check(self, key: str, stored: AttributeMap | None) -> None:
        """Raise PreconditionFailed unless the item (None: there is none) may be written."""
        if stored is not None:
            if self.is_seen(key, etag(stored)):
                raise PreconditionFailed(messages.there_already(key))
        elif self.match is not None:
            raise PreconditionFailed(messages.not_there(key))

    def is_seen(self, key: str, tag: str) -> bool:
        """Whether If-None-Match names the item with this ETag. Raises PreconditionFailed when If-Match does not."""
        if self.match is not None and self.match != ANY and tag not in self.match:
            raise PreconditionFailed(messages.changed(key))
        return self.none_match is not None and (self.none_match == ANY or tag in self.none_match)


ONLY_PRESENT = Preconditions(ANY, None)
ONLY_ABSENT = Preconditions(None, ANY)


def preconditions(if_match: str | None, if_none_match: str | None) -> Preconditions | None:
    """What a request's fields ask for, None when there are none. Raises BadValue when they are malformed."""
    if if_match is None and if_none_match is None:
        return None
    return Preconditions(entity_tags("If-Match", if_match), entity_tags("If-None-Match", if_none_match))


def entity_tags(field: str, value: str | None) -> frozenset[str] | None:
    """The tags of a field, quotes included and W/ not, or ANY. Raises BadValue when it is malformed."""
    if value is None:
        return None
    if value.strip(" \t") == "*":
        return ANY
    found = _TAG.findall(value)
    # What is left around the tags may be commas and blanks alone.
    shape = _TAG.sub("\0", value)
    if not found or any(part.strip(" \t") not in ("", "\0") for part in shape.split(",")):
        raise BadValue(f"The {field} header is malformed: send * or ETags in their quotes.", located=False)
    return frozenset(found)


def is_present() -> dict[str, Any]:
    """The condition, as parameters of a write: there is an item with the key."""
    return {"ConditionExpression": "attribute_exists(#k)", "ExpressionAttributeNames": {"#k": KEY}}


def is_absent() -> dict[str, Any]:
    """The condition that there is no item with the key."""
    return {"ConditionExpression": "attribute_not_exists(#k)", "ExpressionAttributeNames": {"#k": KEY}}


def is_unchanged(stored: AttributeMap | None) -> dict[str, Any]:
    """The condition that the item still is what was read (None: that there still is none).

    A version stands for all that Picus writes; beside it as many attributes are compared as fit, for the sake of other
    programs, which leave a version as it is. Without a version all must fit: raises NotComparable.
    """
    if stored is None:
        return is_absent()
    versioned = has_version(stored)
    others = [name for name in stored if name not in (KEY, VERSION)]
    compared = ([VERSION] if VERSION in stored else []) + others[:MAX_COMPARED]
    if not versioned and len(others) > MAX_COMPARED:
        raise NotComparable
    terms = ["attribute_exists(#k)"] + [f"#a{index} = :a{index}" for index in range(len(compared))]
    names = {"#k": KEY, **{f"#a{index}": name for index, name in enumerate(compared)}}
    if VERSION not in stored:
        terms.append("attribute_not_exists(#v)")
        names["#v"] = VERSION
    values = {f":a{index}": stored[name] for index, name in enumerate(compared)}
    condition = {"ConditionExpression": " AND ".join(terms), "ExpressionAttributeNames": names}
    return condition | ({"ExpressionAttributeValues": values} if values else {})
