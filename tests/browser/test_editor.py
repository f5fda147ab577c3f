"""The editor of JSON: errors while typing, formatting, keys, conflicts, and pages without it."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.actions import editor, open_item, patch, replace, unfold
from tests.contract.client import Client
from tests.contract.exact import Number

DIGITS = "12345678901234567890.1234567890123456"
FORMATTED = f"""{{
  "exact": {DIGITS},
  "n": {{
    "a": 1,
    "b": 2
  }},
  "x": 1e400,
  "list": [
    1,
    2
  ]
}}"""
SCRIPT = "/static/picus_api/editor.js"
CURSOR = """() => { const range = getSelection().getRangeAt(0).cloneRange(); range.setStart(document.querySelector(
  '.cm-content'), 0); return range.toString() }"""


def test_errors_are_shown_while_typing_and_found(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    field = editor(page, "Item, a JSON object")
    problem, go = page.locator("[data-error]"), page.get_by_role("button", name="Go to the error")
    expect(go).to_be_hidden()
    field.press("Control+A")
    page.keyboard.type('{"exact": 12345678901234567890.1234567890123456, "n": tru, "list": [1, 2]')
    expect(problem).to_have_text("Line 1, character 55: A value is expected here.")
    # Format shows the error instead of changing the text.
    page.get_by_role("button", name="Format").click()
    expect(field).to_be_focused()
    assert page.evaluate(CURSOR).endswith('"n": ')
    page.keyboard.type('{"a": 1, "a": 2}, "x": ')
    expect(problem).to_contain_text('The name "a" is given twice.')
    go.click()
    for _ in range(3):
        page.keyboard.press("Delete")
    page.keyboard.type('"b"')
    expect(problem).to_contain_text("A value is expected here.")
    go.click()
    for _ in range(3):
        page.keyboard.press("Delete")
    page.keyboard.type("1e400")
    expect(problem).to_contain_text("The text ends too early.")
    page.keyboard.press("Control+End")
    page.keyboard.type("}")
    expect(problem).to_be_empty()
    page.get_by_role("button", name="Format").click()
    expect(page.locator("#new-item")).to_have_value(FORMATTED)
    # The service refuses a value, and the cursor moves to it.
    field.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="/x")).to_be_visible()
    expect(field).to_be_focused()
    assert page.evaluate(CURSOR).endswith('"x": ')
    for _ in range(5):
        page.keyboard.press("Delete")
    page.keyboard.type("null")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("/picus/get/*")
    stored = client.fetch(page.url.rpartition("/")[2])
    assert (stored["exact"], stored["n"]) == (Number(DIGITS), {"a": Number("1"), "b": Number("2")})


def test_conflict_shows_the_difference_and_no_old_message(page: Page, client: Client) -> None:
    key = client.store(f'{{"exact": {DIGITS}, "n": 1}}')
    open_item(page, key)
    patch(page, '{"n": 2}')
    message = page.get_by_text("Patched.")
    expect(message).to_be_visible()
    client.patch(key, '{"theirs": 1.10}')
    replace(page, f'{{"n": 2, "exact": {DIGITS}, "mine": true}}')
    difference = page.get_by_label("Difference")
    expect(difference.locator("ins")).to_have_text('+   "mine": true')
    expect(difference.locator("del")).to_have_text('−   "theirs": 1.1')
    expect(message).to_be_hidden()
    page.get_by_role("link", name="Give mine up").click()
    expect(page.get_by_label("The item", exact=True)).to_contain_text("theirs")


def test_editor_is_loaded_only_to_edit(page: Page, client: Client) -> None:
    loaded = list[str]()
    page.on("request", lambda request: loaded.append(request.url) if request.url.endswith(SCRIPT) else None)
    page.goto("/picus/list")
    open_item(page, client.store('{"n": 1}'))
    page.wait_for_load_state("networkidle")
    assert loaded == []
    editor(unfold(page, "Patch"), "Changes")
    assert len(loaded) == 1


def test_plain_field_works_if_the_editor_is_unavailable(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    page.route(f"**{SCRIPT}", lambda route: route.abort())
    open_item(page, key)
    field = unfold(page, "Patch").get_by_label("Changes")
    field.fill('{"n": 2')
    expect(page.get_by_text("Line 1, character 8: The text ends too early.")).to_be_visible()
    field.fill('{"n": 2}')
    field.press("Control+Enter")
    expect(page.get_by_text("Patched.")).to_be_visible()
    assert client.fetch(key) == {"n": Number("2")}


def test_list_and_downloads_work_without_javascript(browser: Browser, base_url: str, client: Client) -> None:
    client.replace("plain/1", '{"plain": 1.10}')
    with browser.new_context(base_url=base_url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/picus/list?filter=plain:*")
        page.locator("summary", has_text="Columns").click()
        page.get_by_label("Columns, separated by commas").fill("plain")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("table").get_by_role("row", name="plain/1")).to_contain_text("1.1")
        expect(page.locator("[type=checkbox]:visible")).to_have_count(0)
        page.get_by_role("link", name="plain/1").click()
        expect(page.get_by_label("The item", exact=True)).to_contain_text('"plain": 1.1')
