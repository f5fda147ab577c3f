"""Keys in request paths: percent-encoded UTF-8 (RFC 3986), with one more slash at the end allowed."""

from urllib.parse import unquote

from picus_api.core.errors import BadValue
from picus_api.core.table import MAX_KEY_BYTES

# The edge sends these, and names under get/ and put/, to the service: DELETE could not reach them. Dots are resolved.
UNREACHABLE = frozenset({"list", "list/", "put", ".", ".."})


def key_from_path(encoded: str) -> str:
    """The key in the rest of a path, still percent-encoded: ``a%2Fb`` and ``a%2Fb/`` are both ``a/b``.

    Taking the slash off before decoding keeps ``a%2F`` and ``a/`` apart. Raises BadValue when it is not UTF-8.
    """
    try:
        return unquote(encoded.removesuffix("/"), errors="strict")
    except UnicodeDecodeError as error:
        raise BadValue("The key in the path is not valid UTF-8.", located=False) from error


def check_new_key(key: str) -> None:
    """Raise BadValue for a key that an item must not get: it could not be fetched or deleted under it."""
    if len(key.encode()) > MAX_KEY_BYTES:
        raise BadValue(f"The key is longer than the {MAX_KEY_BYTES} bytes that DynamoDB holds.", located=False)
    if is_shadowed(key):
        raise BadValue("Another path of the service has this name: choose another key.", located=False)


def is_shadowed(key: str) -> bool:
    """Whether the path of an item with this key belongs to another endpoint, so that it could never be deleted."""
    return key in UNREACHABLE or key.startswith(("get/", "put/"))
