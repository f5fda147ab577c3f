"""Reading pages: the list and its pages, links, curl lines, error pages, and narrow screens."""

import shlex
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.actions import open_item, replace, stays_in_width
from tests.contract.client import Client
from tests.contract.exact import Response

PAGES = ["/", "/picus/list", "/picus/put", "/picus/get/absent", "/picus/list?filter=%3C", "/nope"]
AWKWARD = 'it\'s [1] {a,b} "ü" $HOME `x` \\ &'
# Elements that can have the focus and have no accessible name.
NAMELESS = """[...document.querySelectorAll("input:not([type=hidden]), textarea, button, a, summary, [tabindex]")]
  .filter((it) => !it.labels?.length && !it.ariaLabel && !it.textContent.trim()).map((it) => it.outerHTML)"""


def run_curl_line(client: Client, line: str) -> Response:
    """Send the request of a curl line that has no options."""
    program, url = shlex.split(line)
    assert program == "curl"
    assert url.startswith(client.base_url)
    assert not set(url) & set("[]{}")  # curl would expand these.
    return client.request("GET", url.removeprefix(client.base_url))


def test_every_page_is_titled_and_has_named_controls(page: Page) -> None:
    for target in PAGES:
        page.goto(target)
        assert page.title().endswith("Picus")
        expect(page.get_by_role("banner").get_by_role("link", name="Picus")).to_have_attribute("href", "/")
        assert page.evaluate(NAMELESS) == []


def test_list_leads_through_all_pages_and_back(page: Page, client: Client) -> None:
    keys = {client.store(f'{{"n": {n}}}') for n in range(30)}
    page.goto("/picus/list?limit=10")
    items = page.get_by_role("list", name="Items on this page")
    seen = items.get_by_role("link").all_inner_texts()
    while (onward := page.get_by_role("link", name="Next page")).count():
        assert len(items.get_by_role("link").all()) == 10
        with page.expect_navigation():
            onward.click()
        seen += items.get_by_role("link").all_inner_texts()
    assert len(seen) == len(set(seen))
    assert keys <= set(seen)
    page.get_by_role("link", name="First page").click()
    expect(items.get_by_role("link").first).to_have_text(seen[0])


def test_curl_line_of_a_middle_page_returns_its_items(page: Page, client: Client) -> None:
    for n in range(12):
        client.store(f'{{"n": {n}}}')
    page.goto("/picus/list?limit=5&filter=n+%3E%3D+0")
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**cursor=**")
    shown = page.get_by_role("list", name="Items on this page").get_by_role("link").all_inner_texts()
    response = run_curl_line(client, page.locator("#curl").inner_text())
    assert isinstance(response.json, list)
    assert [item["object_id"] for item in response.json if isinstance(item, dict)] == shown
    page.get_by_role("link", name="Raw JSON").click()
    assert page.locator("body").inner_text() == response.body.decode()


def test_absent_item_is_an_error_page_with_a_link(page: Page) -> None:
    response = page.goto("/picus/get/absent")
    assert response
    assert response.status == 404
    expect(page.get_by_role("alert")).to_have_text('Item with key "absent" not found')
    page.get_by_role("link", name="All items").click()
    expect(page).to_have_title("Items – Picus")


def test_unknown_path_is_an_error_page_with_a_link(page: Page) -> None:
    for target in ("/nope", "/picus", "/picus/get/"):
        response = page.goto(target)
        assert response
        assert response.status == 404
        expect(page.get_by_role("alert")).to_have_text("There is nothing at this path.")
    page.get_by_role("link", name="All items").click()
    expect(page).to_have_title("Items – Picus")


def test_new_item_links_open_the_form_without_errors(page: Page) -> None:
    failed, errors = list[str](), list[str]()
    page.on("response", lambda response: None if response.ok else failed.append(response.url))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    for part in (page.get_by_role("navigation", name="Main"), page.get_by_role("main")):
        page.goto("/")
        part.get_by_role("link", name="New item").click()
        expect(page.get_by_role("heading", name="New item")).to_be_in_viewport()
    assert (failed, errors) == ([], [])


def test_docs_page_links_back_and_follows_color_scheme(page: Page) -> None:
    page.goto("/docs/")
    description = page.locator("#docs .swagger-ui")
    expect(description).to_have_css("color", "rgb(59, 65, 81)")
    page.emulate_media(color_scheme="dark")
    expect(description).to_have_css("color", "rgb(228, 230, 230)")
    expect(page.locator("html")).to_have_css("background-color", "rgb(28, 32, 34)")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Items").click()
    expect(page).to_have_title("Items – Picus")


@pytest.mark.parametrize("key", ["plain", AWKWARD])
def test_copied_curl_line_gets_the_item_on_the_page(
    page: Page, context: BrowserContext, client: Client, key: str
) -> None:
    client.replace(key, '{"n": 1.10}')
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_item(page, key)
    page.get_by_role("button", name="Copy the curl line").first.click()
    expect(page.get_by_text("Copied")).to_be_visible()
    response = run_curl_line(client, page.evaluate("navigator.clipboard.readText()"))
    assert response.object["object_id"] == key
    page.get_by_role("link", name="Raw JSON").click()
    assert page.locator("body").inner_text() == response.body.decode()


def test_curl_line_is_selected_without_a_clipboard(page: Page, client: Client) -> None:
    # Pages without TLS have no clipboard.
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', {value: undefined})")
    page.goto("/picus/list")
    page.get_by_role("button", name="Copy the curl line").first.click()
    expect(page.get_by_text("press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == page.locator("#curl").inner_text()


def test_curl_lines_of_writes_have_method_etag_and_path(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    etag, url = page.locator("#etag").inner_text(), page.evaluate("location.origin")
    line = shlex.split(page.locator("#curl-delete").text_content() or "")
    assert line == ["curl", "-X", "DELETE", "-H", f"If-Match: {etag}", f"{url}/picus/{key}"]
    for name, method in (("replace", "PUT"), ("patch", "PATCH")):
        line = shlex.split(page.locator(f"#curl-{name}").text_content() or "")
        assert line[:5] == ["curl", "-X", method, "-H", f"If-Match: {etag}"]
        assert urlsplit(line[-1]).path == f"/picus/put/{key}"


def test_no_page_is_wider_than_a_phone(page: Page, client: Client) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    key = "k" * 300
    client.replace(key, f'{{"{"n" * 300}": "{"x" * 3000}", "big": {"9" * 38}}}')
    wide = f"/picus/list?limit=1000&fields={'n' * 300},big"
    for target in [*PAGES, wide, f"/picus/get/{key}"]:
        page.goto(target)
        assert stays_in_width(page), target
    client.patch(key, '{"theirs": true}')
    replace(page, "{}")
    expect(page.get_by_label("Conflict")).to_be_visible()
    assert stays_in_width(page)
    for summary in page.locator("summary").all()[1:]:
        summary.click()
    assert stays_in_width(page)


def test_pages_follow_the_color_scheme(browser: Browser, base_url: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        with browser.new_context(base_url=base_url, color_scheme=scheme) as context:
            page = context.new_page()
            page.goto("/picus/list")
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(22, 22, 26)"]


def test_hostile_content_stays_text(page: Page, client: Client) -> None:
    hostile = "</pre></textarea><img src=x onerror=document.title='owned'>"
    client.replace(hostile, f'{{"{hostile}": "{hostile}"}}')
    page.goto("/picus/list?limit=1000")
    expect(page.get_by_role("link", name=hostile)).to_be_visible()
    open_item(page, hostile)
    expect(page.get_by_role("heading", level=1)).to_have_text(hostile)
    assert page.title() == f"{hostile} – Picus"


def test_every_row_of_the_root_page_is_a_link_that_works(page: Page) -> None:
    page.goto("/")
    rows = page.locator(".endpoints div")
    links = rows.get_by_role("link").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert len(links) == rows.count() == 8
    for link in links:
        response = page.goto("about:blank") or page.goto(link)
        assert response
        assert response.ok, link
        fragment = urlsplit(link).fragment
        if fragment.startswith("/"):
            expect(page.locator(f"#operations{fragment.replace('/', '-')} .opblock-body")).to_be_visible()
