"""What a request may do, by its header fields."""

import time
from collections.abc import Iterator

import pytest

from picus_api import token_admin
from picus_api.core.access import access
from picus_api.core.access.access import Access, Credentials, authenticate
from picus_api.core.access.tokens import new_token
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
from picus_api.table_setup import table_specs
from tests.conftest import use_table
from tests.http_server import Server, dynamodb_response, replies

READ = frozenset({"read"})


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Read the settings anew in the test, and again after it."""
    access.rules.cache_clear()
    yield monkeypatch
    access.rules.cache_clear()


def bearer(text: str) -> Access:
    return authenticate(Credentials(f"Bearer {text}", None, None))


def cookie(field: str, site: str | None = None) -> Access:
    return authenticate(Credentials(None, field, site))


def refusal(client: Access, scope: str = "read") -> type[PicusError] | None:
    """Return the kind of error with which a request is refused, or None."""
    try:
        client.check_scope(scope)
    except PicusError as refused:
        return type(refused)
    return None


@pytest.mark.parametrize(
    ("value", "scopes"),
    [(None, set()), ("none", set()), ("", set()), (" read , delete", {"read", "delete"}), ("read,read", {"read"})],
)
def test_anonymous_scopes_are_from_setting(settings: pytest.MonkeyPatch, value: str | None, scopes: set[str]) -> None:
    settings.delenv("ANONYMOUS_SCOPES") if value is None else settings.setenv("ANONYMOUS_SCOPES", value)
    assert authenticate(Credentials(None, None, None)) == Access(frozenset(scopes))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ANONYMOUS_SCOPES", "read,none", "ANONYMOUS_SCOPES must list read, write and delete, or be none, not 'none'"),
        ("ANONYMOUS_SCOPES", "all", "not 'all'"),
        ("ACCESS_CACHE_SECONDS", "31", "ACCESS_CACHE_SECONDS must be a whole number from 0 to 30"),
        ("SECURE_COOKIES", "yes", "SECURE_COOKIES must be one of on, off"),
    ],
)
def test_wrong_setting_is_named(settings: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    settings.setenv(name, value)
    with pytest.raises(SettingError, match=sentence):
        access.rules()


def test_valid_token_has_its_scopes_and_prefix(item_table: str) -> None:
    text, record = token_admin.create_token("ci", READ, "team-a/", 3600)
    client = bearer(text)
    assert client == Access(READ, record.token_id, "ci", "team-a/", record.cursor_key)
    assert refusal(client) is None
    assert refusal(client, "write") is InsufficientScope
    client.check_key("read", "team-a/x")
    for key in ("team-b/x", "team-a", ""):
        with pytest.raises(InsufficientScope):
            client.check_key("read", key)
    assert client.log_fields() == {"token": record.token_id, "label": "ci"}


def test_every_wrong_token_is_refused(item_table: str) -> None:
    text, record = token_admin.create_token("ci", READ)
    expired = token_admin.create_token("old", READ, lifetime=-1).text
    unknown, parts = new_token()
    other_secret = unknown.replace(parts.token_id, record.token_id)
    wrong_secret = other_secret[:-6] + _checksum_of(other_secret[:-6])
    for wrong in ("", "x", text[:-1], f"{text}x", f"{text} {text}", unknown, expired, wrong_secret, other_secret):
        assert refusal(bearer(wrong)) is InvalidToken, wrong
    assert refusal(bearer(text)) is None
    assert bearer(wrong_secret).log_fields() == {"token": record.token_id}


def _checksum_of(text: str) -> str:
    from picus_api.core.access import tokens

    return tokens._checksum(text)


@pytest.mark.parametrize("field", ["Basic eDp5", "picus_x", "Negotiate", ""])
def test_other_scheme_is_no_token(item_table: str, field: str) -> None:
    client = authenticate(Credentials(field, None, None))
    assert client is access.rules().anonymous


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", " Bearer ", "Bearer \t"])
def test_scheme_is_case_insensitive(item_table: str, scheme: str) -> None:
    text = token_admin.create_token("ci", READ).text
    assert refusal(authenticate(Credentials(f"{scheme} {text}", None, None))) is None


def test_write_by_cookie_needs_page_of_this_site(item_table: str) -> None:
    text = token_admin.create_token("browser", frozenset({"read", "write"})).text
    field = f"a=b; picus_token={text}; c=d"
    for site in ("cross-site", "same-site", "none", "", None):
        assert refusal(cookie(field, site), "read") is None
        assert refusal(cookie(field, site), "write") is CrossSiteWrite
        assert refusal(cookie(field, site), "delete") is InsufficientScope
    assert refusal(cookie(field, "same-origin"), "write") is None
    header_wins = Credentials(f"Bearer {text}", "picus_token=x", "cross-site")
    assert refusal(authenticate(header_wins), "write") is None
    assert refusal(authenticate(Credentials("Bearer x", field, "same-origin"))) is InvalidToken


def test_cookie_name_depends_on_tls(item_table: str, settings: pytest.MonkeyPatch) -> None:
    text = token_admin.create_token("browser", READ).text
    assert cookie(f"picus_token={text}").has_token
    assert not cookie(f"__Host-picus_token={text}").has_token
    assert not cookie("picus_token=").has_token
    settings.setenv("SECURE_COOKIES", "on")
    access.rules.cache_clear()
    assert cookie(f"__Host-picus_token={text}").has_token
    assert not cookie(f"picus_token={text}").has_token


def test_anonymous_client_without_scope_needs_token(item_table: str, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("ANONYMOUS_SCOPES", "read")
    access.rules.cache_clear()
    client = authenticate(Credentials(None, "other=1", None))
    assert refusal(client) is None
    assert refusal(client, "write") is TokenRequired
    assert client.log_fields() == {"token": "anonymous"}


def test_read_only_refuses_writes_of_all_clients(item_table: str) -> None:
    text = token_admin.create_token("ci", frozenset(access.SCOPES)).text
    anonymous = Credentials(None, None, None)
    token_admin.set_read_only(True)
    for client in (bearer(text), authenticate(anonymous)):
        assert [refusal(client, scope) for scope in access.SCOPES] == [None, ReadOnly, ReadOnly]
    token_admin.set_read_only(False)
    access.rules.cache_clear()
    assert refusal(authenticate(anonymous), "write") is None


def test_revoked_token_is_refused_after_cache_time(item_table: str, settings: pytest.MonkeyPatch) -> None:
    text, record = token_admin.create_token("ci", READ)
    started = time.monotonic()
    assert refusal(bearer(text)) is None
    assert token_admin.revoke_token(record.token_id)
    assert not token_admin.revoke_token(record.token_id)
    assert refusal(bearer(text)) is None
    settings.setattr("time.monotonic", lambda: started + 30.5)
    assert refusal(bearer(text)) is InvalidToken


def test_missing_token_table_stops_tokens_only(moto_url: str, settings: pytest.MonkeyPatch) -> None:
    use_table(settings, moto_url, "no_such_table")
    assert refusal(bearer(new_token()[0])) is TokensUnavailable
    assert refusal(bearer("malformed")) is InvalidToken
    assert refusal(authenticate(Credentials(None, None, None)), "delete") is None
    table.shared_transport().close()


def test_failing_token_table_gives_no_access(settings: pytest.MonkeyPatch) -> None:
    failure = dynamodb_response(400, b'{"__type": "x#AccessDeniedException", "message": "no"}')
    with Server(replies(failure)) as server:
        use_table(settings, server.url, "items")
        assert refusal(bearer(new_token()[0])) is TokensUnavailable
        assert refusal(authenticate(Credentials(None, None, None)), "write") is not None
        assert {request.operation for request in server.requests} == {"GetItem"}
        table.shared_transport().close()


def test_token_table_expires_records(item_table: str) -> None:
    assert table_specs()[2]._replace(name="") == ("", "token_id", "expires")
