"""Use the pages by keyboard only, and check where the focus is after errors (WCAG 2.4.3, 3.3.1)."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import editor, open_item
from tests.contract.client import Client

MAX_TABS = 60
RESERVED = "Another path of the service has this name: choose another key."


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{target} can't be reached by Tab")


def type_into(page: Page, field: Locator, text: str) -> None:
    """Reach a field by Tab and replace its text."""
    tab_to(page, field)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def assert_invalid(field: Locator, message: str) -> None:
    """Check that the field has the focus and is described by the error (WCAG 3.3.1)."""
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(message)


def test_item_is_created_by_keyboard(page: Page, client: Client) -> None:
    page.goto("/")
    tab_to(page, page.get_by_role("navigation", name="Main").get_by_role("link", name="New item"))
    page.keyboard.press("Enter")
    page.wait_for_url("/picus/put")
    key = "by keyboard"
    type_into(page, page.get_by_label("Key (optional"), key)
    type_into(page, editor(page, "Item, a JSON object"), '{"n": 1}')
    tab_to(page, page.get_by_role("button", name="Create"))
    page.keyboard.press("Enter")
    page.wait_for_url("/picus/get/*")
    assert client.get(key).status == 200


def test_item_is_patched_and_deleted_by_keyboard(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    tab_to(page, page.locator("summary", has_text="Patch"))
    page.keyboard.press("Space")
    type_into(page, editor(page, "Changes"), '{"n": 2}')
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Patched.")).to_be_visible()
    tab_to(page, page.locator("summary", has_text="Delete"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Delete this item"))
    page.keyboard.press("Enter")
    page.wait_for_url("/picus/list*")
    assert client.get(key).status == 404


def test_columns_are_chosen_and_items_deleted_by_keyboard(page: Page, client: Client) -> None:
    client.replace("keyed", '{"keyed": 1}')
    page.goto("/picus/list?filter=keyed:*")
    tab_to(page, page.locator("summary", has_text="Columns"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("keyed", exact=True))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Show"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader")).to_have_text(["object_id", "keyed"])
    tab_to(page, page.get_by_label("Select keyed"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Delete…"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of 1 deleted.")).to_be_visible()
    assert client.get("keyed").status == 404


def test_conflict_is_resolved_by_keyboard(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    client.patch(key, '{"theirs": true}')
    tab_to(page, page.locator("summary", has_text="Patch"))
    page.keyboard.press("Enter")
    type_into(page, editor(page, "Changes"), '{"mine": true}')
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Conflict")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Patch the stored item"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Patched.")).to_be_visible()
    assert client.fetch(key).keys() == {"n", "theirs", "mine"}


def test_refused_body_keeps_the_focus_in_its_field(page: Page) -> None:
    page.goto("/picus/put")
    body = editor(page, "Item, a JSON object")
    type_into(page, body, '{"a": 1e400}')
    tab_to(page, page.get_by_role("button", name="Create"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="/a")).to_be_visible()
    assert_invalid(body, page.get_by_role("alert").filter(has_text="/a").inner_text())
    page.keyboard.press("Control+A")
    page.keyboard.type('{"a": 1}')
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("/picus/get/*")


@pytest.mark.parametrize("key", ["get/x", "."])
def test_refused_key_gets_the_focus(page: Page, key: str) -> None:
    page.goto("/picus/put")
    field = page.get_by_label("Key (optional")
    type_into(page, field, key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(RESERVED)
    assert_invalid(field, RESERVED)


def test_taken_key_gets_the_focus(page: Page, client: Client) -> None:
    client.replace("taken", "{}")
    page.goto("/picus/put")
    field = page.get_by_label("Key (optional")
    type_into(page, field, "taken")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").get_by_role("link")).to_be_visible()
    assert_invalid(field, 'Item with key "taken" exists already')


def test_focus_stays_on_the_button_without_a_response(page: Page, client: Client) -> None:
    open_item(page, client.store('{"n": 1}'))
    page.route("**/picus/*", lambda route: route.abort() if route.request.method == "DELETE" else route.fallback())
    tab_to(page, page.locator("summary", has_text="Delete"))
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Delete this item")
    tab_to(page, button)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="No response came")).to_be_visible()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-disabled", "false")


def test_refused_filter_gets_the_focus(page: Page) -> None:
    page.goto("/picus/list?filter=n+>>+1")
    assert_invalid(page.get_by_label("Filter, such as"), page.get_by_role("alert").first.inner_text())


def test_documentation_works_by_keyboard(page: Page) -> None:
    page.goto("/docs/")
    operation = page.locator("#operations-Items-listItems")
    operation.wait_for()
    tab_to(page, operation.locator(".opblock-summary-control"))
    page.keyboard.press("Enter")
    tab_to(page, operation.get_by_role("button", name="Try it out"))
    page.keyboard.press("Enter")
    tab_to(page, operation.get_by_role("button", name="Execute"))
    page.keyboard.press("Enter")
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
