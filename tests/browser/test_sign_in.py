"""Signing in: stories of a user with a token, and attacks from pages of other origins."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from picus_api import token_admin
from picus_api.core.access.access import SCOPES
from tests.browser.actions import create, open_item, patch, shown_item
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.test_accessibility import violations
from tests.browser.test_docs_page import execute, open_operation
from tests.contract.client import Client
from tests.stack import running_stack
from tests.tokens import token_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Closed(NamedTuple):
    """A stack where anonymous clients may do nothing, and its tokens."""

    url: str
    everything: str
    team_reader: str


@pytest.fixture(scope="module")
def closed(dynamodb_url: str, rows: "Table") -> Iterator[Closed]:
    """Start a stack that needs a token for everything. Browsers send Sec-Fetch-Site to localhost without TLS."""
    with token_table(dynamodb_url, rows.name):
        everything = token_admin.create_token("admin", frozenset(SCOPES)).text
        reader = token_admin.create_token("team a", frozenset({"read", "delete"}), "team-a/").text
    place = {"DYNAMODB_ENDPOINT_URL": dynamodb_url, "DYNAMODB_TABLE_NAME": rows.name, "ALLOWED_HOSTS": "localhost"}
    with running_stack(**place, ANONYMOUS_SCOPES="none", SECURE_COOKIES="off") as url:
        yield Closed(url.replace("127.0.0.1", "localhost"), everything, reader)


@pytest.fixture
def tab(browser: Browser, closed: Closed) -> Iterator[Page]:
    """Open a tab in a new profile, without cookies."""
    with browser.new_context(base_url=closed.url) as context:
        context.set_default_timeout(TIMEOUT_MS)
        yield context.new_page()


def put(closed: Closed, key: str) -> None:
    headers = {"Authorization": f"Bearer {closed.everything}", "Content-Type": "application/json"}
    assert Client(closed.url).request("PUT", f"/picus/put/{quote(key, safe='')}", '{"a": 1}', headers).status < 300


def exists(closed: Closed, key: str) -> bool:
    headers = {"Authorization": f"Bearer {closed.everything}"}
    return Client(closed.url).request("GET", f"/picus/get/{quote(key, safe='')}", headers=headers).status == 200


def sign_in(tab: Page, token: str) -> None:
    tab.get_by_label("Token", exact=True).fill(token)
    tab.locator("main").get_by_role("button", name="Sign in").click()


def test_user_signs_in_sees_the_prefix_and_signs_out(tab: Page, closed: Closed) -> None:
    for key in ("team-a/1", "team-b/1"):
        put(closed, key)
    refused = tab.goto("/picus/list")
    assert refused
    assert refused.status == 401
    expect(tab.get_by_role("alert")).to_contain_text("This needs a token")
    tab.locator("main").get_by_role("link", name="Sign in").click()
    sign_in(tab, "picus_wrong")
    expect(tab.get_by_role("alert")).to_contain_text("The token is not valid")
    assert violations(tab) == []
    sign_in(tab, closed.team_reader)
    expect(tab).to_have_url(f"{closed.url}/picus/list")
    expect(tab.locator("header")).to_contain_text("Signed in as team a: read, delete, keys that begin with team-a/")
    assert tab.locator(".items a").all_inner_texts() == ["team-a/1"]
    assert violations(tab) == []
    assert tab.evaluate("document.cookie") == ""
    open_item(tab, "team-b/1")
    expect(tab.get_by_role("alert")).to_contain_text('The token is for keys that begin with "team-a/" only.')
    expect(tab.locator("main").get_by_role("link", name="Sign in with another token")).to_be_visible()
    open_item(tab, "team-a/1")
    assert tab.locator("summary").all_inner_texts() == ["Delete"]
    # A page that does not hide it is refused by the API.
    options = {"method": "PUT", "body": "{}", "headers": {"Content-Type": "application/json"}}
    body = tab.evaluate("options => fetch('/picus/put/team-a%2F2', options).then(each => each.json())", options)
    assert body == {"error": 'The token does not have the scope "write".', "code": "insufficient_scope"}
    # The delete function accepts the cookie too.
    tab.locator("summary").click()
    tab.get_by_role("button", name="Delete this item").click()
    tab.wait_for_url("**/picus/list")
    assert not exists(closed, "team-a/1")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.locator("header")).to_contain_text("anonymous: nothing")
    expect(tab.get_by_role("link", name="Items")).to_have_count(0)
    after = tab.goto("/picus/list")
    assert after
    assert after.status == 401


def test_signed_in_user_writes(tab: Page, closed: Closed) -> None:
    tab.goto("/sign-in?next=//evil.test/")
    sign_in(tab, closed.everything)
    expect(tab).to_have_url(f"{closed.url}/")
    tab.get_by_role("link", name="New item").first.click()
    create(tab, '{"n": 1}', "written")
    tab.wait_for_url("**/picus/get/written")
    assert '"n": 1' in shown_item(tab)
    line = tab.locator("#curl-delete").text_content() or ""
    assert line.startswith("""curl -X DELETE -H "Authorization: Bearer $PICUS_TOKEN" -H 'If-Match: """)
    patch(tab, '{"n": 2}')
    expect(tab.locator("#flash")).to_contain_text("Patched")


def test_sign_in_works_without_javascript(browser: Browser, closed: Closed) -> None:
    with browser.new_context(base_url=closed.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/sign-in")
        assert page.locator("noscript").count() == 0
        sign_in(page, closed.team_reader)
        expect(page.locator("header")).to_contain_text("Signed in as team a")
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("header")).to_contain_text("anonymous")


def test_docs_page_authorizes_with_a_token(tab: Page, closed: Closed) -> None:
    put(closed, "blue chair")
    tab.goto("/docs/")
    tab.locator(".opblock").first.wait_for()
    status, body = execute(open_operation(tab, "operations-Items-getItem"))
    assert (status, json.loads(body)["code"]) == (401, "token_required")
    tab.locator(".authorization").get_by_role("button", name="Authorize").click()
    dialog = tab.locator(".dialog-ux")
    dialog.locator("input").fill(closed.everything)
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close", exact=True).click()
    operation = tab.locator("[id='operations-Items-getItem']")
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert tab.evaluate("Object.values(localStorage).join()") == ""


ATTACKS = """async ([target, token]) => {
  const json = {'Content-Type': 'application/json'};
  const tries = [
    ['/picus/victim', {method: 'DELETE', credentials: 'include'}],
    ['/picus/put/victim', {method: 'PUT', body: '{}', headers: json, credentials: 'include'}],
    ['/picus/put', {method: 'POST', body: '{}', mode: 'no-cors', credentials: 'include'}],
    ['/sign-out', {method: 'POST', mode: 'no-cors', credentials: 'include'}],
    ['/sign-in', {method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({token})}],
  ];
  for (const [path, options] of tries) await fetch(target + path, options).catch(() => null);
}"""


FORM = """([action, token]) => {
  const form = document.createElement('form');
  Object.assign(form, {method: 'post', action});
  form.append(Object.assign(document.createElement('input'), {name: 'token', value: token}));
  document.body.append(form);
  form.submit();
}"""


class AttackPage(BaseHTTPRequestHandler):
    """A page of another origin. A real server: Chromium keeps pages without an address from this machine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Attack</title>")

    def log_message(self, *_: Any) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def attack_port() -> Iterator[int]:
    """Serve the page on a port of this machine, for every Host."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AttackPage) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def attack(page: Page, closed: Closed, origin: str) -> list[tuple[str, int]]:
    """Attack the stack from a page of another origin, by fetch and by forms; return path and status of each POST."""
    seen = list[tuple[str, int]]()

    def note(response: Response) -> None:
        if response.request.method == "POST":
            assert "set-cookie" not in response.headers
            seen.append((response.url.removeprefix(closed.url), response.status))

    page.on("response", note)
    page.goto(f"{origin}/")
    page.evaluate(ATTACKS, [closed.url, closed.team_reader])
    for path in ("/sign-out", "/sign-in", "/picus/put"):
        page.goto(f"{origin}/")
        with page.expect_navigation(url=closed.url + path):
            page.evaluate(FORM, [closed.url + path, closed.team_reader])
    page.remove_listener("response", note)
    return seen


def test_pages_of_other_origins_change_nothing(tab: Page, closed: Closed, attack_port: int) -> None:
    put(closed, "victim")
    tab.goto("/sign-in?next=/picus/get/victim")
    sign_in(tab, closed.everything)
    tag = tab.locator("#etag").inner_text()
    attacker = tab.context.new_page()
    # The last one is the same site for cookies.
    for host in ("127.0.0.1", "other.localhost", "localhost"):
        origin = f"http://{host}:{attack_port}"
        seen = attack(attacker, closed, origin)
        expected = [("/picus/put", 403 if host == "localhost" else 401), ("/sign-in", 403), ("/sign-out", 403)]
        # Each by a form, and by a fetch that needs no preflight.
        assert sorted(seen) == sorted(expected * 2), origin
        tab.goto("/picus/get/victim")
        # Still signed in, with the same token, and the item is as before.
        expect(tab.locator("header")).to_contain_text("Signed in as admin")
        assert tab.locator("#etag").inner_text() == tag, origin
    assert [cookie["name"] for cookie in tab.context.cookies()] == ["picus_token"]
