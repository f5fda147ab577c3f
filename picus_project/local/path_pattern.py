"""CloudFront's path patterns."""

import re
from functools import lru_cache

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalise(path: str) -> str:
    """Return the path as patterns see it: percent-encoding normalised (RFC 3986, 6.2.2.1 and 6.2.2.2).

    Encoded unreserved characters are decoded and hex digits upper-cased; the origin gets the raw path. Dot segments
    stay: AWS does not say whether CloudFront removes them, and every key must stay reachable, `..` as
    `/picus/get/%2E%2E` too.
    """
    return re.sub("%([0-9A-Fa-f]{2})", _triplet, path)


def _triplet(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code in UNRESERVED else match[0].upper()


def matches(pattern: str, path: str) -> bool:
    """Return True if the pattern matches the whole path, case-sensitively.

    `*` is any characters, slashes too; `?` is one character; a pattern's first slash is optional.
    """
    return _compiled(pattern).fullmatch(normalise(path)) is not None


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    body = "".join(wild.get(char) or re.escape(char) for char in normalise(pattern.removeprefix("/")))
    return re.compile("/" + body, re.DOTALL)
