"""Parse the request target: the one reading of a path that routers, keys, logs and the local edge share.

The target stays percent-encoded, so an encoded slash never separates segments. Source: RFC 9112, 3.2 (the forms of a
target) and RFC 3986, 6.2.2 (equivalent spellings of a path).
"""

import re
from typing import Literal, NamedTuple

from picus_api.core.keys import normalise_path

Form = Literal["origin", "absolute", "asterisk"]

# Visible ASCII. A target has no fragment: to cut `a#b` to `a` would name another item.
_TARGET = re.compile(r"[!-\"$-~]+")
# No userinfo (RFC 9110, 4.2.4) and no empty host (4.2.1).
_ABSOLUTE = re.compile(
    r"(?P<scheme>https?)://(?P<authority>(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::[0-9]*)?)"
    r"(?P<rest>[/?].*)?",
    re.IGNORECASE,
)


class InvalidRequestTarget(ValueError):
    """The request target has none of the three forms, or a character that no target may have."""


class RequestTarget(NamedTuple):
    """A parsed request target.

    `path` is the raw path, `/` if an absolute form has none, `*` in the asterisk form. `route_path` is its normalised
    spelling, the one to route on; decoding either once gives the same text. Dot segments and empty segments stay, as
    CloudFront's path patterns see them. `scheme`, in lower case, and `authority`, which replaces `Host`, are empty in
    the other forms. `query` has no question mark.
    """

    form: Form
    scheme: str
    authority: str
    path: str
    route_path: str
    query: str

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the segments of `route_path`, still percent-encoded: `/a%2Fb/` has `a%2Fb` and an empty one."""
        return () if self.form == "asterisk" else tuple(self.route_path[1:].split("/"))


def parse_request_target(raw: str | bytes) -> RequestTarget:
    """Parse the target of a request line. Raises InvalidRequestTarget."""
    target = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    if not _TARGET.fullmatch(target):
        raise InvalidRequestTarget("the request target has a character that a URL must percent-encode")
    if target[0] == "/":
        return _parsed("origin", "", "", target)
    if target == "*":
        return RequestTarget("asterisk", "", "", "*", "*", "")
    absolute = _ABSOLUTE.fullmatch(target)
    if not absolute:
        raise InvalidRequestTarget("the request target is neither a path nor an http URL")
    rest = absolute["rest"] or ""
    return _parsed(
        "absolute", absolute["scheme"].lower(), absolute["authority"], rest if rest[:1] == "/" else f"/{rest}"
    )


def _parsed(form: Form, scheme: str, authority: str, path_and_query: str) -> RequestTarget:
    path, _, query = path_and_query.partition("?")
    return RequestTarget(form, scheme, authority, path, normalise_path(path), query)
