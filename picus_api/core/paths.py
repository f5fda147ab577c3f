"""Keys in request paths: percent-encoded UTF-8 (RFC 3986), with one more slash at the end allowed."""

from urllib.parse import unquote

from picus_api.core.errors import BadValue


def key_from_path(encoded: str) -> str:
    """The key in the rest of a path, still percent-encoded: ``a%2Fb`` and ``a%2Fb/`` are both ``a/b``.

    Taking the slash off before decoding keeps ``a%2F`` and ``a/`` apart. Raises BadValue when it is not UTF-8.
    """
    try:
        return unquote(encoded.removesuffix("/"), errors="strict")
    except UnicodeDecodeError as error:
        raise BadValue("The key in the path is not valid UTF-8.", located=False) from error


def is_shadowed(key: str) -> bool:
    """Whether the path of an item with this key belongs to another endpoint, so that it could never be deleted."""
    return key in ("list", "list/", "put") or key.startswith(("get/", "put/"))
