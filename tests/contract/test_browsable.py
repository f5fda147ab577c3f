"""The browsable pages: HTML when a browser asks for it, and only then."""

from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import Response
from tests.contract.expect import BROWSER, assert_error, assert_json, assert_method_refused, assert_request_id

PAGES_FOLLOWED = 50


class Page(HTMLParser):
    """Collects the tags of an HTML page."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        assert response.media_type == "text/html", response
        assert_request_id(response)
        self.text = response.body.decode()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep every tag with its attributes."""
        self.tags.append((tag, dict(attrs)))

    def values(self, attribute: str, *tags: str) -> list[str]:
        """Return the values of an attribute of these tags, in order."""
        found = [attributes.get(attribute) for tag, attributes in self.tags if tag in tags]
        return [value for value in found if value]


def browse(client: Client, target: str) -> Page:
    """Return the HTML page at a path."""
    response = client.request("GET", target, headers={"Accept": BROWSER})
    assert response.status in (200, 405), response
    return Page(response)


def onward(page: Page, base: str) -> list[str]:
    """Return the links of a list page that lead to other pages of the list."""
    targets = [urlsplit(urljoin(base, link)) for link in page.values("href", "a")]
    lists = [t for t in targets if t.path.rstrip("/") == "/picus/list" and t.query and "format=" not in t.query]
    return [f"{target.path}?{target.query}" for target in lists]


@pytest.mark.parametrize("target", ["/", "/picus/list", "/picus/list/", "/picus/put"])
def test_a_browser_gets_a_page(client: Client, target: str) -> None:
    assert "</html>" in browse(client, target).text.lower()


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
@pytest.mark.parametrize("target", ["/", "/picus/list"])
def test_only_browsers_get_a_page(client: Client, target: str, headers: dict[str, str]) -> None:
    assert_json(client.request("GET", target, headers=headers))


def test_a_page_has_a_form_that_creates(client: Client) -> None:
    pages = [browse(client, "/picus/list"), browse(client, "/picus/put")]
    forms = [attributes for page in pages for tag, attributes in page.tags if tag == "form"]
    posting = [form for form in forms if (form.get("method") or "").upper() == "POST"]
    assert posting
    paths = {urlsplit(form.get("action") or "/picus/put").path.rstrip("/") for form in posting}
    # A client with a token also sees the form to sign out.
    assert paths - {"/sign-out"} == {"/picus/put"}


def test_what_a_browser_posts_is_stored_and_shown(client: Client) -> None:
    response = client.request("POST", "/picus/put", '{"shown": "in the page"}', JSON_TYPE | {"Accept": BROWSER})
    assert response.status == 201
    location = response.header("Location")
    assert location is not None
    assert location.rpartition("/")[2] in Page(response).text
    assert client.fetch(location.rpartition("/")[2]) == {"shown": "in the page"}


def test_bad_post_from_browser_shows_message(client: Client) -> None:
    response = client.request("POST", "/picus/put", '{"a": 1e400}', JSON_TYPE | {"Accept": BROWSER})
    assert response.status == 400
    assert "/a" in response.body.decode()
    assert "Traceback (most recent" not in response.body.decode()


def test_an_item_has_a_page_that_shows_its_public_delete(client: Client) -> None:
    key = client.store('{"name": "shown in the page", "exact": 1.10}')
    page = browse(client, f"/picus/get/{key}")
    assert "shown in the page" in page.text
    assert "1.1" in page.text
    assert "1.10" not in page.text
    assert f"/picus/{key}" in page.text


def test_an_absent_item_is_404_for_a_browser(client: Client) -> None:
    response = client.request("GET", f"/picus/get/{uuid4()}", headers={"Accept": BROWSER})
    assert response.status == 404
    assert "Traceback (most recent" not in response.body.decode()


@pytest.mark.parametrize("target", ["/nothing/here", "/picus", "/picus/get/", "/caf%C3%A9", "/%22%3Cb%3E"])
def test_unknown_path_is_page_for_browser_only(client: Client, target: str) -> None:
    response = client.request("GET", target, headers={"Accept": BROWSER})
    assert response.status == 404
    assert "There is nothing at this path." in Page(response).text
    assert "<b>" not in response.body.decode()
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0", "nonsense", ";;;"):
        assert_error(client.request("GET", target, headers={"Accept": accept}), 404)
    assert_error(client.request("GET", f"{target}?format=json", headers={"Accept": BROWSER}), 404)


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>"])
def test_item_content_is_never_markup(client: Client, hostile: str) -> None:
    key = client.store(f'{{"value": "{hostile}", "{hostile}": 1}}')
    for target in (f"/picus/get/{key}", "/picus/list"):
        assert hostile not in browse(client, target).text


def test_a_key_is_never_markup(client: Client) -> None:
    target = "/picus/get/%3Cscript%3Ealert(1)%3C%2Fscript%3E"
    response = client.request("GET", target, headers={"Accept": BROWSER})
    assert response.status == 404
    assert response.media_type == "application/json" or b"<script>alert(1)" not in response.body


def test_list_page_has_link_to_next_page(client: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(client.store, [f'{{"n": {n}}}' for n in range(120)]))
    waiting, seen, found = ["/picus/list"], set[str](), set[str]()
    while waiting and found != keys and len(seen) < PAGES_FOLLOWED:
        target = waiting.pop()
        seen.add(target)
        page = browse(client, target)
        shown = {key for key in keys if key in page.text}
        assert len(shown) < len(keys), "the whole table is in one page"
        found |= shown
        waiting += [link for link in onward(page, client.base_url + target) if link not in seen]
    assert len(seen) > 1, "no link leads onwards"
    assert found == keys or len(seen) == PAGES_FOLLOWED


def test_the_styles_and_scripts_of_a_page_are_served(client: Client) -> None:
    page = browse(client, "/picus/list")
    links = page.values("href", "link") + page.values("src", "script", "img")
    targets = {link for link in links if urlsplit(link).path.startswith("/static/")}
    assert any(".css" in target for target in targets)
    for target in targets:
        response = client.request("GET", target)
        assert (response.status, bool(response.body)) == (200, True), target
        assert response.media_type not in ("text/html", "application/json", ""), target
        assert_request_id(response)
        assert_method_refused(client.request("POST", target), "GET")


def test_head_and_options_work_for_browser(client: Client) -> None:
    response = client.request("HEAD", "/picus/list", headers={"Accept": BROWSER})
    assert (response.status, response.media_type, response.body) == (200, "text/html", b"")
    assert client.request("OPTIONS", "/picus/list", headers={"Accept": BROWSER}).status == 200


def test_a_page_works_without_sessions(client: Client) -> None:
    response = client.request("GET", "/picus/list", headers={"Accept": BROWSER})
    assert "</html>" in Page(response).text
    assert response.header("Set-Cookie") is None
    assert "login" not in response.body.decode().lower()
