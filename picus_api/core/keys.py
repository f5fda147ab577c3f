"""Keys of items: their attribute, the rule for new ones, and their encoding in request paths."""

import re
from urllib.parse import unquote

from picus_api.core.errors import InvalidKey, ItemNotFound

KEY = "object_id"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys
MAX_KEY_BYTES = 2048

# The edge sends these names, and names under get/ and put/, to the service: DELETE could not reach such items.
# Clients and CloudFront remove dot segments from a path.
RESERVED = frozenset({"list", "list/", "put", ".", ".."})

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TRIPLET = re.compile("%([0-9A-Fa-f]{2})?")


def key_from_path(encoded: str) -> str:
    """Return the key in the rest of a path, which is still percent-encoded (RFC 3986): UTF-8.

    ``a%2Fb`` and ``a%2Fb/`` are both ``a/b``: one more slash at the end of a path is allowed. The slash is removed
    before decoding, which keeps ``a%2F`` and ``a/`` apart. Raises InvalidKey when the key is not UTF-8.
    """
    try:
        key = unquote(encoded.removesuffix("/"), errors="strict")
        if not key.isascii():
            key.encode()
        return key
    except UnicodeError as error:
        raise InvalidKey("The key in the path is not valid UTF-8.") from error


def is_possible_key(key: str) -> bool:
    """Return True if DynamoDB accepts the key, so that an item can have it."""
    return 0 < len(key.encode()) <= MAX_KEY_BYTES


def key_field(encoded: str) -> dict[str, str]:
    """Return the field of a log line with the key in the rest of a path; nothing if the key is not UTF-8."""
    try:
        return {"key": key_from_path(encoded)}
    except InvalidKey:
        return {}


def check_key(key: str) -> None:
    """Raise ItemNotFound for a key that DynamoDB refuses: no item can have it."""
    if not is_possible_key(key):
        raise ItemNotFound(key)


def check_new_key(key: str) -> None:
    """Raise InvalidKey for a key that an item must not get: get or delete could not reach the item."""
    if not key:
        raise InvalidKey("The key is empty.")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise InvalidKey(f"The key is longer than the {MAX_KEY_BYTES} bytes that DynamoDB holds.")
    if is_reserved(key):
        raise InvalidKey("Another path of the service has this name: choose another key.")


def is_reserved(key: str) -> bool:
    """Return True if the path of an item with this key belongs to another endpoint, so that delete can't reach it."""
    return key in RESERVED or key.startswith(("get/", "put/"))


def normalise_path(path: str) -> str:
    """Return the path with encoded unreserved characters decoded and hexadecimal digits in upper case.

    A percent sign without two digits becomes `%25`, or decoding `%%370` could give a new triplet. Source: RFC 3986,
    6.2.2.1 and 6.2.2.2.
    """
    return _TRIPLET.sub(_normalised_triplet, path) if "%" in path else path


def has_dot_segment(route_path: str) -> bool:
    """Return True if a segment of the path, but for the last one, is ``.`` or ``..``.

    CloudFront may remove such segments before it matches a behaviour (both is reported); origins get the raw path.
    So no route may serve such a path, or a rule of an operator at CloudFront could be bypassed.
    """
    return "/." in route_path and not {".", ".."}.isdisjoint(route_path.removesuffix("/").split("/")[:-1])


def _normalised_triplet(match: re.Match[str]) -> str:
    if not match[1]:
        return "%25"
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
