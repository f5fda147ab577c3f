"""CloudFront's path patterns."""

import re
from functools import lru_cache

from picus_api.core.keys import normalise_path


def matches(pattern: str, route_path: str) -> bool:
    """Return True if the pattern matches the whole normalised path, case-sensitively.

    `*` is any characters, slashes too; `?` is one character; a pattern's first slash is optional. Dot segments stay:
    AWS does not say whether CloudFront removes them, and the key `..` must stay reachable, as `/picus/get/%2E%2E`.
    """
    return _compiled(pattern).fullmatch(route_path) is not None


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    body = "".join(wild.get(char) or re.escape(char) for char in normalise_path(pattern.removeprefix("/")))
    return re.compile("/" + body, re.DOTALL)
