"""Signing in and out, and what pages show of a token, through all middleware."""

from typing import Any

import pytest

from picus_api import token_admin
from picus_api.core.access import access
from picus_api.pages.sign_in import FORM_TYPE, local_path
from tests.unit.api.conftest import Client, error_of

REALM = 'Bearer realm="picus"'

SAME = {"Sec_Fetch_Site": "same-origin"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def closed(stocked: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Return a client of a service where anonymous clients may do nothing, and where nothing is cached."""
    monkeypatch.setenv("ANONYMOUS_SCOPES", "none")
    monkeypatch.setenv("ACCESS_CACHE_SECONDS", "0")
    access.rules.cache_clear()
    return stocked


def new_token(*scopes: str, prefix: str = "") -> str:
    return token_admin.create_token("the label", frozenset(scopes), prefix).text


def send_form(client: Client, path: str, body: str, content_type: str = FORM_TYPE, **fields: str) -> Any:
    client.cookies.clear()  # Each request says its cookie itself.
    return client.send("POST", path, body, content_type, **fields)


@pytest.mark.parametrize("secure", ["on", "off"])
def test_sign_in_sets_cookie_that_sign_out_removes(
    closed: Client, monkeypatch: pytest.MonkeyPatch, secure: str
) -> None:
    monkeypatch.setenv("SECURE_COOKIES", secure)
    access.rules.cache_clear()
    name = "__Host-picus_token" if secure == "on" else "picus_token"
    token = new_token("read")
    response = send_form(closed, "/sign-in", f"token=+{token}%0A&next=%2Fpicus%2Flist%3Flimit%3D2", **SAME, **HTML)
    assert (response.status_code, response["Location"]) == (303, "/picus/list?limit=2")
    assert response["Cache-Control"] == "no-store"
    attributes = "HttpOnly; Path=/; SameSite=Strict" + ("; Secure" if secure == "on" else "")
    assert response.cookies[name].OutputString() == f"{name}={token}; {attributes}"
    cookie = {"Cookie": f"{name}={token}"}
    closed.cookies.clear()
    assert closed.send("GET", "/picus/list", **cookie).status_code == 200
    out = send_form(closed, "/sign-out", "", **SAME, **cookie)
    assert (out.status_code, out["Location"]) == (303, "/")
    assert (out.cookies[name].value, out.cookies[name]["max-age"]) == ("", 0)
    assert (out.cookies[name]["path"], bool(out.cookies[name]["secure"])) == ("/", secure == "on")


def test_wrong_token_gets_form_again(closed: Client) -> None:
    for token in ("", "x", "picus_0", "picus_" + "a" * 8 + "_" + "b" * 49, "Bearer x", "ü", "%00"):
        page = send_form(closed, "/sign-in", f"token={token}&next=%2Fdocs%2F", **SAME, **HTML)
        assert (page.status_code, page["WWW-Authenticate"]) == (401, f'{REALM}, error="invalid_token"'), token
        assert page["Content-Type"].startswith("text/html")
        text = page.content.decode()
        assert 'role="alert">The token is not valid: it is malformed, unknown, expired or revoked.<' in text
        assert 'name="next" value="/docs/"' in text
        assert not token or f'value="{token}"' not in text
        assert not page.cookies


def test_forms_of_other_sites_are_refused(closed: Client) -> None:
    token = new_token("read")
    for path in ("/sign-in", "/sign-out"):
        for site in ({}, *({"Sec_Fetch_Site": value} for value in ("cross-site", "same-site", "none", ""))):
            response = send_form(closed, path, f"token={token}", **site)
            error_of(response, 403, "cross_site_write")
            assert not response.cookies, (path, site)
    page = send_form(closed, "/sign-in", f"token={token}", **HTML)
    assert (page.status_code, page["Content-Type"]) == (403, "text/html; charset=utf-8")


def test_sign_in_refuses_other_bodies_and_methods(closed: Client) -> None:
    error_of(send_form(closed, "/sign-in", "{}", "application/json", **SAME), 415, "unsupported_media_type")
    error_of(send_form(closed, "/sign-in", "a=" + "x" * 2_700_000, **SAME), 413, "body_too_large")
    assert send_form(closed, "/sign-in", "&".join(f"a{n}=" for n in range(2000)), **SAME).status_code == 400
    for method, path, allow in (("PUT", "/sign-in", "GET, HEAD, POST, OPTIONS"), ("GET", "/sign-out", "POST, OPTIONS")):
        response = closed.send(method, path)
        error_of(response, 405, "method_not_allowed")
        assert set(response["Allow"].split(", ")) <= set(allow.split(", "))


@pytest.mark.parametrize(
    "target", ["/", "/picus/get/a%2Fb?format=json", "/picus/list?filter=a+%3D+%22b%22", "/%5C%5Cx"]
)
def test_local_target_is_kept(target: str) -> None:
    assert local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        *("", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "\\/evil.test", "/\t/evil.test"),
        *("/\n/evil.test", "/\r\n\r\nx", "https://evil.test", "javascript:alert(1)", "evil.test", " //evil.test"),
        *("/a\\b", "/ü", "/a b", "/\x00/evil.test", "/sign-in?next=/", "/sign-out", "@evil.test", "?x"),
    ],
)
def test_foreign_target_becomes_start_page(target: str) -> None:
    assert local_path(target) == "/"


def page_of(client: Client, path: str, token: str = "", status: int = 200) -> str:
    fields = {"Cookie": f"picus_token={token}"} if token else {}
    response = client.send("GET", path, **HTML, **fields)
    assert response.status_code == status, path
    assert (response["Cache-Control"] == "no-store") is bool(token)
    return str(response.content.decode())


def test_pages_show_who_is_signed_in_and_what_is_allowed(closed: Client) -> None:
    everything = new_token("read", "write", "delete")
    for key in ("a%2F1", "b"):
        closed.send("PUT", f"/picus/put/{key}", "{}", Authorization=f"Bearer {everything}")
    parts = {"Replace": "<summary>Replace", "Delete": "<summary>Delete", "New": ">New item</a>", "Items": ">Items</a>"}
    for scopes, shown in (
        (("read",), {"Items"}),
        (("read", "write"), {"Items", "New", "Replace"}),
        (("read", "delete"), {"Items", "Delete"}),
    ):
        text = page_of(closed, "/picus/get/a%2F1", new_token(*scopes, prefix="a/"))
        assert {name for name, mark in parts.items() if mark in text} == shown
        assert f"<strong>the label</strong>: {', '.join(scopes)}, keys that begin with <code>a/</code>" in text
        assert 'action="/sign-out"' in text
    listed = page_of(closed, "/picus/list", new_token("read", "delete", prefix="a/"))
    assert 'href="/picus/get/a%2F1"' in listed
    assert 'href="/picus/get/b"' not in listed
    assert 'data-act="confirmDelete"' in listed
    assert 'data-act="duplicate"' not in listed
    assert "<form data-method" not in page_of(closed, "/picus/put", new_token("read"))
    for path in ("/", "/docs/", "/nope", "/picus/put"):
        text = page_of(closed, path, status=404 if path == "/nope" else 200)
        assert "<strong>anonymous</strong>: nothing" in text, path
        assert f'href="/sign-in?next={path}"' in text, path
        assert "read-only at the moment" not in text


def test_refusals_are_pages_that_lead_to_sign_in(closed: Client) -> None:
    link = '<a class="button" href="/sign-in?next=/picus/list%3Flimit%3D3">Sign in'
    assert link in page_of(closed, "/picus/list?limit=3", status=401)
    for token, status in (("picus_x", 401), (new_token("write"), 403)):
        text = page_of(closed, "/picus/list?limit=3", token, status)
        assert f"{link} with another token" in text
        assert 'id="error" role="alert"' in text
    assert "Your token is not accepted" in page_of(closed, "/", "picus_x")


def test_pages_say_read_only(closed: Client) -> None:
    token = new_token("read", "write", "delete")
    closed.send("PUT", "/picus/put/k", "{}", Authorization=f"Bearer {token}")
    token_admin.set_read_only(True)
    for path in ("/", "/docs/", "/picus/list", "/picus/get/k", "/sign-in"):
        assert "read-only at the moment" in page_of(closed, path, token), path
    text = page_of(closed, "/picus/get/k", token)
    assert "<summary>Replace" not in text
    assert "<summary>Delete" not in text
    assert "Changes are switched off at the moment." in page_of(closed, "/picus/put", token)
