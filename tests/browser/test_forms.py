"""Create, replace, patch and delete items with the forms of the pages."""

import re

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, expect

from tests.browser.actions import create, delete, editor, open_item, patch, replace, shown_item, unfold
from tests.contract.client import Client
from tests.contract.exact import Number

ITEM_PAGE = re.compile(r"/picus/get/[^/]+$")
# JavaScript numbers can't hold either of these numbers.
DIGITS = "1234567890.1234567890123456789012345678"
BIG = "12345678901234567890123456789012345678"


def test_created_item_is_shown_with_all_digits(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    create(page, f'{{"name": "by hand", "exact": {DIGITS}, "big": {BIG}}}')
    page.wait_for_url(ITEM_PAGE)
    expect(page.get_by_role("status").first).to_have_text("Created.")
    assert DIGITS in shown_item(page)
    stored = client.get(page.url.rpartition("/")[2]).body.decode()
    assert f'"exact":{DIGITS},"big":{BIG}' in stored
    page.reload()
    expect(page.locator("#flash")).to_be_hidden()


def test_create_under_a_chosen_key_never_overwrites(page: Page, client: Client) -> None:
    key = "a/b 'ü' <i>?#%"
    page.goto("/picus/put")
    create(page, '{"first": true}', key)
    page.wait_for_url(ITEM_PAGE)
    expect(page.get_by_role("heading", level=1)).to_have_text(key)
    page.goto("/picus/put")
    create(page, '{"second": true}', key)
    expect(page.get_by_role("alert")).to_have_text(f'Item with key "{key}" exists already')
    assert client.fetch(key) == {"first": True}


def test_double_click_creates_one_item(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    editor(page, "Item, a JSON object").fill('{"clicked": "twice"}')
    page.get_by_role("button", name="Create").dblclick()
    page.wait_for_url(ITEM_PAGE)

    def stored() -> int:
        return client.request("GET", "/picus/list?filter=clicked%3D%22twice%22").body.count(b"object_id")

    assert stored() == 1
    page.go_back()
    create(page, '{"clicked": "twice"}')
    page.wait_for_url(ITEM_PAGE)
    assert stored() == 2


def test_refused_create_shows_the_error_and_keeps_the_text(page: Page) -> None:
    page.goto("/picus/put")
    create(page, '{"a": {"b": [1, 1e400]}}')
    expect(page.get_by_role("alert")).to_contain_text("/a/b/1")
    create(page, "{")
    expect(page.get_by_role("alert")).not_to_contain_text("/a/b/1")
    expect(page.locator("#new-item")).to_have_value("{")


def test_replace_rounds_no_number(page: Page, client: Client) -> None:
    key = client.store(f'{{"exact": {DIGITS}, "big": {BIG}, "text": "</textarea>&amp;\\u0001", "n": 1}}')
    open_item(page, key)
    text = unfold(page, "Replace").locator("#replacement").input_value()
    page.locator("summary", has_text="Replace").click()
    replace(page, text.replace('"n": 1', '"n": 2'))
    expect(page.get_by_text("Replaced.")).to_be_visible()
    stored = client.get(key)
    assert f'"exact":{DIGITS},"big":{BIG}' in stored.body.decode()
    assert stored.object["text"] == "</textarea>&amp;\u0001"
    assert '"n": 2' in shown_item(page)


def test_page_shows_the_etag_of_the_item(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    before = page.locator("#etag").inner_text()
    assert before == client.get(key).header("ETag")
    patch(page, '{"n": 1}')
    expect(page.get_by_text("Patched.")).to_be_visible()
    assert before != page.locator("#etag").inner_text() == client.get(key).header("ETag")


def test_patch_changes_only_named_attributes(page: Page, client: Client) -> None:
    key = client.store('{"stays": 1.5, "goes": 1, "deep": {"a": 1, "b": 2}}')
    open_item(page, key)
    patch(page, '{"goes": null, "deep": {"b": 3}}')
    expect(page.get_by_text("Patched.")).to_be_visible()
    assert client.get(key).body.decode().endswith('"stays":1.5,"deep":{"a":1,"b":3}}')


def test_delete_leads_to_the_list_with_a_message(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    delete(page)
    page.wait_for_url("/picus/list")
    expect(page.get_by_text(f'Item with key "{key}" deleted successfully')).to_be_visible()
    assert client.get(key).status == 404


def test_delete_works_by_keyboard(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    page.locator("summary", has_text="Delete").focus()
    for press in ("Enter", "Tab", "Enter"):
        page.keyboard.press(press)
    page.wait_for_url("/picus/list")
    assert client.get(key).status == 404


def test_missing_response_is_reported(page: Page, context: BrowserContext, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    context.set_offline(True)
    part = patch(page, '{"n": 2}')
    expect(part.get_by_role("alert")).to_contain_text("No response came")
    context.set_offline(False)
    part.get_by_role("button", name="Patch").click()
    expect(page.get_by_text("Patched.")).to_be_visible()
    assert client.fetch(key) == {"n": Number("2")}


def test_reserved_key_is_refused_with_a_reason(page: Page) -> None:
    page.goto("/picus/put")
    create(page, "{}", "get/x")
    expect(page.get_by_role("alert")).to_contain_text("choose another key")


def answer_dialogs(page: Page, answer: str) -> list[str]:
    """Leave or stay whenever the browser asks, and collect the types of the dialogs."""
    dialogs = list[str]()

    def handle(dialog: Dialog) -> None:
        dialogs.append(dialog.type)
        if answer == "leave":
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", handle)
    return dialogs


def leave_by_link(page: Page) -> None:
    """Click a link to another page, and wait for a dialog that the page may open."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="API").click(no_wait_after=True)
    page.wait_for_timeout(500)


def test_unsaved_edit_is_kept_if_the_user_stays(page: Page, client: Client) -> None:
    open_item(page, client.store('{"n": 1}'))
    editor(unfold(page, "Replace"), "The whole item").fill('{"n": 2}')
    dialogs = answer_dialogs(page, "stay")
    leave_by_link(page)
    assert dialogs == ["beforeunload"]
    expect(page.locator("#replacement")).to_have_value('{"n": 2}')


def test_unsaved_edit_is_lost_if_the_user_leaves(page: Page, client: Client) -> None:
    open_item(page, client.store('{"n": 1}'))
    editor(unfold(page, "Patch"), "Changes").fill('{"n": 2}')
    dialogs = answer_dialogs(page, "leave")
    leave_by_link(page)
    page.wait_for_url("/docs/")
    assert dialogs == ["beforeunload"]


def test_undone_edit_is_not_unsaved(page: Page, client: Client) -> None:
    open_item(page, client.store('{"n": 1}'))
    field = editor(unfold(page, "Replace"), "The whole item")
    text = page.locator("#replacement").input_value()
    field.fill("{}")
    field.fill(text)
    dialogs = answer_dialogs(page, "stay")
    leave_by_link(page)
    page.wait_for_url("/docs/")
    assert dialogs == []


@pytest.mark.parametrize(("name", "field"), [("Key (optional", "#new-key"), ("Item, a JSON object", "#new-item")])
def test_unsaved_new_item_is_kept_if_the_user_stays(page: Page, name: str, field: str) -> None:
    page.goto("/picus/put")
    editor(page, name).fill('"typed"')
    dialogs = answer_dialogs(page, "stay")
    leave_by_link(page)
    assert dialogs == ["beforeunload"]
    expect(page.locator(field)).to_have_value('"typed"')


def test_saved_edit_is_not_unsaved(page: Page) -> None:
    page.goto("/picus/put")
    dialogs = answer_dialogs(page, "stay")
    create(page, '{"saved": true}')
    page.wait_for_url(ITEM_PAGE)
    assert dialogs == []


def test_saving_one_form_asks_about_an_edit_in_another(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    editor(unfold(page, "Replace"), "The whole item").fill('{"mine": true}')
    dialogs = answer_dialogs(page, "stay")
    part = patch(page, '{"n": 2}')
    # The user stays, so the form becomes usable again.
    expect(part.get_by_role("button", name="Patch")).to_have_attribute("aria-disabled", "false")
    assert dialogs == ["beforeunload"]
    expect(page.locator("#replacement")).to_have_value('{"mine": true}')
    assert client.fetch(key) == {"n": Number("2")}
