"""Decide what a request may do, by its token or as an anonymous request. Both computes call this module.

The decision needs the header fields and the token table only. It comes before any call to the item table, so that a
refusal never tells whether an item exists.
"""

import time
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from picus_api.core import environment
from picus_api.core.access.token_table import TokenTable
from picus_api.core.dynamodb import table
from picus_api.core.environment import SettingError
from picus_api.core.errors import (
    CrossSiteWrite,
    InsufficientScope,
    InvalidToken,
    PicusError,
    ReadOnly,
    TokenRequired,
    TokensUnavailable,
)

if TYPE_CHECKING:
    from picus_api.core.access.tokens import TokenRecord

READ, WRITE, DELETE = SCOPES = ("read", "write", "delete")
ANONYMOUS = "anonymous"
"""Stands in log lines where there is no token. No token has this id: an id has 8 characters."""
MALFORMED = "malformed"

COOKIE = "picus_token"
SECURE_COOKIE = "__Host-picus_token"
"""Browsers accept a cookie of this form from HTTPS only, with the path / and no Domain (RFC 6265bis, 4.1.3)."""


class Credentials(NamedTuple):
    """The header fields of a request that decide about access."""

    authorization: str | None
    cookie: str | None
    fetch_site: str | None


class Access(NamedTuple):
    """The rights of the client of a request.

    ``token``: the id of its token, or ANONYMOUS. ``prefix``: what the keys of its items begin with.
    ``is_cross_site``: the token is a cookie, and another site may have caused the request.
    ``refusal``: why the token is not accepted.
    """

    scopes: frozenset[str]
    token: str = ANONYMOUS
    label: str = ""
    prefix: str = ""
    cursor_key: str = ""
    is_cross_site: bool = False
    refusal: PicusError | None = None

    @property
    def has_token(self) -> bool:
        """Return True if the request has a token, valid or not."""
        return self.token != ANONYMOUS

    @property
    def owner(self) -> str:
        """Return the owner of this client's Idempotency-Keys: the id of the token, or "" for all anonymous clients."""
        return self.token if self.has_token else ""

    def check_scope(self, scope: str) -> None:
        """Raise an error if the client lacks this scope, or if an operator has switched changes off.

        Raises TokenRequired, InvalidToken, TokensUnavailable, InsufficientScope, CrossSiteWrite, ReadOnly,
        TableUnavailable.
        """
        if self.refusal is not None:
            raise self.refusal
        if scope not in self.scopes:
            raise InsufficientScope(scope) if self.has_token else TokenRequired
        if scope != READ:
            if self.is_cross_site:
                raise CrossSiteWrite
            if rules().tokens.is_read_only():
                raise ReadOnly

    def check_key(self, scope: str, key: str) -> None:
        """Raise InsufficientScope if the key does not begin with the token's key prefix."""
        if self.prefix and not key.startswith(self.prefix):
            raise InsufficientScope.outside_prefix(scope, self.prefix)

    def log_fields(self) -> dict[str, str]:
        """Return the log fields that identify the token."""
        return {"token": self.token, "label": self.label} if self.label else {"token": self.token}


class Rules:
    """The settings of a process, and its token table."""

    def __init__(self, anonymous: Access, cookie: str, tokens: TokenTable) -> None:
        self.anonymous, self.cookie, self.tokens = anonymous, cookie, tokens


@cache
def rules() -> Rules:
    """Return the rules that the environment variables set. Raises SettingError."""
    seconds = environment.integer("ACCESS_CACHE_SECONDS", 30, minimum=0, maximum=30)
    secure = environment.choice("SECURE_COOKIES", "on", ("on", "off")) == "on"
    return Rules(Access(_anonymous_scopes()), SECURE_COOKIE if secure else COOKIE, TokenTable(seconds))


def _anonymous_scopes() -> frozenset[str]:
    words = environment.words("ANONYMOUS_SCOPES")
    if words in ([], ["none"]):
        return frozenset()
    for word in words:
        if word not in SCOPES:
            raise SettingError(f"ANONYMOUS_SCOPES must list read, write and delete, or be none, not {word!r}.")
    return frozenset(words)


def authenticate(credentials: Credentials) -> Access:
    """Return the access of a request. A token that is not accepted gives an Access that allows nothing."""
    if credentials.authorization is None and credentials.cookie is None:
        return rules().anonymous
    bearer = _bearer_token(credentials.authorization)
    text = _cookie_token(credentials.cookie, rules().cookie) if bearer is None else bearer
    if text is None:
        return rules().anonymous
    try:
        record = verify(text)
    except (InvalidToken, TokensUnavailable) as error:
        return Access(frozenset(), error.token_id, refusal=error)
    cross_site = bearer is None and credentials.fetch_site != "same-origin"
    # A token without a key prefix may read the whole table: its cursors hide nothing.
    cursor_key = record.cursor_key if record.prefix else ""
    return Access(record.scopes, record.token_id, record.label, record.prefix, cursor_key, cross_site)


def verify(text: str) -> "TokenRecord":
    """Return the record of a valid token. Raises InvalidToken, TokensUnavailable."""
    tokens, digest = rules().tokens, sha256(text.encode(errors="surrogatepass")).digest()
    record = tokens.accepted(digest)
    if record is None or _is_expired(record):
        record = _verify(text)
        tokens.accept(digest, record)
    return record


def _verify(text: str) -> "TokenRecord":
    """Return the record of a token. A malformed token causes no call. All others take the same steps."""
    # Imported with the first token, because the function must start fast.
    from picus_api.core.access.tokens import is_secret_of, parse_token  # noqa: PLC0415

    parsed = parse_token(text)
    if parsed is None:
        raise InvalidToken(MALFORMED)
    record = rules().tokens.find(parsed.token_id)
    if not is_secret_of(record, parsed.secret) or record is None or _is_expired(record):
        raise InvalidToken(parsed.token_id)
    return record


def _is_expired(record: "TokenRecord") -> bool:
    # DynamoDB removes expired records within days, not at once.
    return record.expires is not None and record.expires <= time.time() + table.clock_offset()


def _bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization field, or None for another scheme than Bearer."""
    scheme, _, token = (authorization or "").strip(" \t").partition(" ")
    return token.strip(" \t") if scheme.lower() == "bearer" else None


def _cookie_token(field: str | None, name: str) -> str | None:
    """Return the value of our cookie, or None if it is absent or empty."""
    # Several Cookie fields may have been joined by commas.
    for pair in (field or "").replace(",", ";").split(";"):
        key, _, value = pair.strip(" \t").partition("=")
        if key == name:
            return value or None
    return None
