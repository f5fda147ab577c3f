"""Conflicts of two tabs that show one item: no write is lost without a question."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.actions import delete, editor, open_item, patch, replace, shown_item, unfold
from tests.contract.client import Client
from tests.contract.exact import Number


@pytest.fixture
def key(client: Client) -> str:
    """Store an item for both tabs."""
    return client.store('{"n": 1, "exact": 1.0000000000000000000000000000000000001}')


@pytest.fixture
def tabs(context: BrowserContext, key: str) -> tuple[Page, Page]:
    """Open two tabs that show the item."""
    mine, other = context.new_page(), context.new_page()
    for tab in (mine, other):
        open_item(tab, key)
    return mine, other


def wait_until_saved(tab: Page, message: str) -> None:
    expect(tab.get_by_text(message, exact=True)).to_be_visible()


def test_conflicting_replace_shows_stored_item_and_a_choice(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    patch(other, '{"n": 2}')
    wait_until_saved(other, "Patched.")
    part = replace(mine, '{"n": 3}')
    conflict = mine.get_by_label("Conflict")
    expect(conflict).to_contain_text("Nothing of yours was written. Somebody changed this item")
    expect(conflict).to_be_focused()
    expect(conflict.get_by_label("The stored item")).to_have_text(shown_item(other), use_inner_text=True)
    expect(conflict).to_contain_text(str(client.get(key).header("ETag")))
    expect(part.locator("#replacement")).to_have_value('{"n": 3}')
    assert client.fetch(key)["n"] == Number("2")
    mine.get_by_role("button", name="Replace theirs with mine").click()
    wait_until_saved(mine, "Replaced.")
    assert client.fetch(key) == {"n": Number("3")}


def test_insisting_never_overwrites_a_third_version(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    patch(other, '{"n": 2}')
    wait_until_saved(other, "Patched.")
    replace(mine, '{"n": 3}')
    insist = mine.get_by_role("button", name="Replace theirs with mine")
    expect(insist).to_be_visible()
    client.patch(key, '{"third": true}')
    insist.click()
    expect(mine.get_by_label("The stored item")).to_contain_text('"third": true')
    assert client.fetch(key)["n"] == Number("2")


def test_giving_up_shows_the_stored_item(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    patch(other, '{"n": 2}')
    wait_until_saved(other, "Patched.")
    patch(mine, '{"n": 3}')
    mine.get_by_role("link", name="Give mine up").click()
    expect(mine.get_by_label("Conflict")).to_have_count(0)
    expect(mine.get_by_label("The item", exact=True)).to_contain_text('"n": 2')
    assert client.fetch(key)["n"] == Number("2")


def test_conflicting_patch_can_be_applied_to_stored_item(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    patch(other, '{"theirs": true}')
    wait_until_saved(other, "Patched.")
    patch(mine, '{"n": 3}')
    mine.get_by_role("button", name="Patch the stored item").click()
    wait_until_saved(mine, "Patched.")
    assert client.get(key).object.keys() == {"object_id", "n", "exact", "theirs"}


def test_delete_keeps_a_changed_item_until_confirmed(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    patch(other, '{"n": 2}')
    wait_until_saved(other, "Patched.")
    delete(mine)
    expect(mine.get_by_label("The stored item")).to_contain_text('"n": 2')
    assert client.get(key).status == 200
    mine.get_by_role("button", name="Delete the stored item").click()
    mine.wait_for_url("/picus/list")
    assert client.get(key).status == 404


def test_deleting_a_deleted_item_says_it_is_gone(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    delete(other)
    other.wait_for_url("/picus/list")
    delete(mine)
    mine.wait_for_url("/picus/list")
    expect(mine.get_by_text("The item is gone already: it was deleted after you opened it.")).to_be_visible()


def test_replacing_a_deleted_item_can_create_it_again(tabs: tuple[Page, Page], client: Client, key: str) -> None:
    mine, other = tabs
    delete(other)
    other.wait_for_url("/picus/list")
    replace(mine, '{"n": 3}')
    expect(mine.get_by_label("Conflict")).to_contain_text("Somebody deleted this item")
    mine.get_by_role("button", name="Create it again with mine").click()
    wait_until_saved(mine, "Replaced.")
    assert client.fetch(key) == {"n": Number("3")}


def test_conflict_is_reported_if_stored_item_is_unreadable(page: Page, client: Client, key: str) -> None:
    open_item(page, key)
    client.patch(key, '{"theirs": true}')
    page.route("**/picus/get/*", lambda route: route.abort())
    part = patch(page, '{"mine": true}')
    expect(part.get_by_role("alert")).to_contain_text("Nothing of yours was written")
    page.unroute_all()
    part.get_by_role("button", name="Patch").click()
    expect(page.get_by_label("The stored item")).to_contain_text('"theirs": true')


def test_going_back_never_sends_old_text_with_new_etag(page: Page, client: Client, key: str) -> None:
    open_item(page, key)
    editor(unfold(page, "Replace"), "The whole item").fill('{"n": "mine"}')
    page.get_by_role("link", name="Items", exact=True).click()
    page.wait_for_url("/picus/list")
    client.patch(key, '{"theirs": true}')
    page.go_back()
    part = page.locator("details", has=page.locator("summary", has_text="Replace"))
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    part.get_by_role("button", name="Replace").click()
    expect(page.get_by_label("Conflict").or_(page.get_by_text("Replaced."))).to_be_visible()
    assert client.fetch(key)["theirs"] is True
