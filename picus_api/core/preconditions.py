"""Preconditions of HTTP (RFC 9110, section 13), and the DynamoDB conditions that decide them with the write."""

import re
from typing import Any, NamedTuple

from picus_api.core import environment
from picus_api.core.errors import InvalidHeader, PreconditionFailed, PreconditionRequired
from picus_api.core.etag import etag
from picus_api.core.expiry import expired_expression
from picus_api.core.keys import KEY
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.version_attribute import VERSION, has_version

# A weak tag is compared like a strong one: CloudFront weakens the ETags of responses that it compresses.
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
ANY = frozenset("*")
REQUIRED_SETTING = "REQUIRE_IF_MATCH"

# DynamoDB takes 300 operators and 4 KB per expression; an attribute costs two operators and up to 18 bytes.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
MAX_COMPARED = 140


class NotComparable(Exception):
    """The item has no version attribute and more attributes than one condition can compare."""


class Preconditions(NamedTuple):
    """The entity tags of If-Match and of If-None-Match, each None when the request has no such field."""

    match: frozenset[str] | None
    none_match: frozenset[str] | None

    def check(self, key: str, stored: AttributeMap | None) -> None:
        """Raise PreconditionFailed unless the item may be written. ``stored``: the item, or None if there is none."""
        if stored is not None:
            if self.is_seen(key, etag(stored)):
                raise PreconditionFailed.exists(key)
        elif self.match is not None:
            raise PreconditionFailed.absent(key)

    def is_seen(self, key: str, tag: str) -> bool:
        """Return True if If-None-Match names this ETag. Raises PreconditionFailed if If-Match does not name it."""
        if self.match is not None and self.match != ANY and tag not in self.match:
            raise PreconditionFailed.changed(key)
        return self.none_match is not None and (self.none_match == ANY or tag in self.none_match)


ONLY_PRESENT = Preconditions(ANY, None)
ONLY_ABSENT = Preconditions(None, ANY)


def parse_preconditions(if_match: str | None, if_none_match: str | None) -> Preconditions | None:
    """Return the preconditions in a request's fields, None if it has neither. Raises InvalidHeader."""
    if if_match is None and if_none_match is None:
        return None
    return Preconditions(_entity_tags("If-Match", if_match), _entity_tags("If-None-Match", if_none_match))


def parse_required_preconditions(if_match: str | None, if_none_match: str | None) -> Preconditions | None:
    """Return the preconditions of a request that changes an item.

    Raises PreconditionRequired if REQUIRE_IF_MATCH is set and the request has neither If-Match nor If-None-Match: *,
    and InvalidHeader.
    """
    found = parse_preconditions(if_match, if_none_match)
    if (found is None or (found.match is None and found.none_match != ANY)) and environment.flag(REQUIRED_SETTING):
        raise PreconditionRequired
    return found


def _entity_tags(field: str, value: str | None) -> frozenset[str] | None:
    """Return the tags of a field, with their quotes and without W/, or ANY. Raises InvalidHeader."""
    if value is None:
        return None
    if value.strip(" \t") == "*":
        return ANY
    found = _TAG.findall(value)
    # Around the tags only commas and blanks may stand.
    shape = _TAG.sub("\0", value)
    if not found or any(part.strip(" \t") not in ("", "\0") for part in shape.split(",")):
        raise InvalidHeader(f"The {field} header is malformed: send * or ETags in their quotes.")
    return frozenset(found)


def is_present() -> dict[str, Any]:
    """Return the condition, as parameters of a write, that there is an item with the key, which has not expired."""
    return _on_key("attribute_exists(#k)", " AND NOT ")


def is_absent() -> dict[str, Any]:
    """Return the condition that there is no item with the key, or an expired one."""
    return _on_key("attribute_not_exists(#k)", " OR ")


def _on_key(condition: str, joiner: str) -> dict[str, Any]:
    names, values = {"#k": KEY}, dict[str, Any]()
    if expired := expired_expression(names, values):
        condition += joiner + expired
    found = {"ConditionExpression": condition, "ExpressionAttributeNames": names}
    return {**found, "ExpressionAttributeValues": values} if values else found


def is_unchanged(stored: AttributeMap | None) -> dict[str, Any]:
    """Return the condition that the item still is ``stored``, or that there still is none if ``stored`` is None.

    The version attribute proves that no other write by Picus came between. As many attributes as fit are compared too,
    for programs that leave the version attribute as it is. Without a version all must fit: else raises NotComparable.
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
