"""Explore a table in the list: columns, pages, the filter builder, selected items, downloads."""

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Download, Page, expect

from picus_api import token_admin
from tests.browser.actions import stays_in_width
from tests.conftest import use_table
from tests.contract.client import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

# JavaScript numbers can't hold either of these numbers.
DIGITS = "1234567890.1234567890123456789012345678"
BIG = "12345678901234567890123456789012345678"
LONG = "many words " * 60


@pytest.fixture
def mark(client: Client) -> str:
    """Store 12 items with a mark, and return it."""
    mark = f"explored-{uuid4()}"
    for n in range(11):
        item = f'"mark": "{mark}", "n": {n}, "address": {{"city": "Bern"}}, "exact": {DIGITS}'
        client.replace(f"{mark}/{n:02}", f'{{{item}, "ok": {"true" if n % 2 else "false"}}}')
    client.replace(f"{mark}/11", f'{{"mark": "{mark}", "n": "11", "exact": {BIG}, "long": "{LONG}", "a, b": null}}')
    return mark


def open_list(page: Page, mark: str, **parameters: str) -> None:
    """Open the list of the items with this mark."""
    page.goto("/")
    query = {"filter": f'begins_with(object_id, "{mark}")', "limit": "100"} | parameters
    page.goto(page.evaluate("query => '/picus/list?' + new URLSearchParams(query)", query))


def menu(page: Page, title: str) -> None:
    """Open one of the menus above the list."""
    page.bring_to_front()
    page.locator("summary", has_text=title).click()


def shown_keys(page: Page) -> list[str]:
    return page.locator("[data-row]").locator("a, b").all_inner_texts()


def test_chosen_columns_make_an_exact_table(page: Page, mark: str) -> None:
    open_list(page, mark)
    menu(page, "Columns")
    for name in ("n", "exact", "address.city", "long", '"a, b"'):
        page.get_by_label(name, exact=True).check()
    text = page.get_by_label("Columns, separated by commas")
    expect(text).to_have_value('n,exact,address.city,long,"a, b"')
    text.fill('n,exact,ok,address.city,long,"a, b"')
    expect(page.get_by_label("ok", exact=True)).to_be_checked()
    page.get_by_role("button", name="Show").click()
    table = page.get_by_role("table", name="Items on this page")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["object_id", "n", "exact", "ok", "address.city", "long", '"a, b"']
    )
    last = table.get_by_role("row", name=f"{mark}/11")
    # A text that reads like a number is shown in quotes.
    expect(last.get_by_role("cell").nth(1)).to_have_text('"11"')
    expect(last.get_by_role("cell").nth(2)).to_have_text(BIG)
    expect(table.get_by_role("row", name=f"{mark}/03").get_by_role("cell").nth(2)).to_have_text(DIGITS)
    expect(last).not_to_contain_text(LONG.strip(), use_inner_text=True)
    last.locator("summary").click()
    expect(last).to_contain_text(LONG.strip(), use_inner_text=True)
    assert stays_in_width(page)
    # The choice is remembered for other ways to the list, and can be taken back.
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Items").click()
    expect(page.get_by_role("columnheader", name="address.city")).to_be_visible()
    menu(page, "Columns")
    page.get_by_label("Columns, separated by commas").fill("")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("list", name="Items on this page")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Items").click()
    expect(page.get_by_role("list", name="Items on this page")).to_be_visible()


def test_pages_lead_back_and_keep_size_and_columns(page: Page, mark: str) -> None:
    open_list(page, mark, fields="n")
    page.get_by_label("Items on a page").select_option("10")
    page.get_by_role("button", name="Set the page size").click()
    expect(page.locator("[data-row]")).to_have_count(10)
    first = shown_keys(page)
    expect(page.get_by_role("link", name="Previous page")).to_have_count(0)
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.get_by_role("columnheader")).to_have_text(["object_id", "n"])
    page.reload()
    page.get_by_role("link", name="Previous page").click()
    expect(page.locator("[data-row]")).to_have_count(10)
    assert shown_keys(page) == first


def test_columns_sort_the_list_where_an_index_allows_it(page: Page, client: Client) -> None:
    for position in (2, 10, 1):
        client.replace(f"on shelf/{position}", f'{{"shelf": "sorted", "position": {position}, "name": "x"}}')
    page.goto("/picus/list?fields=position,name&filter=shelf+%3D+%22sorted%22")
    expect(page.get_by_text("Reads the whole table")).to_be_visible()
    headings = page.get_by_role("columnheader")
    expect(headings.get_by_role("link")).to_have_text(["position"])
    for order, positions in (("ascending", [1, 2, 10]), ("descending", [10, 2, 1])):
        headings.get_by_role("link", name="position").click()
        expect(headings.nth(1)).to_have_attribute("aria-sort", order)
        expect(page.get_by_text("Uses the index shelf-position-index.")).to_be_visible()
        assert shown_keys(page) == [f"on shelf/{position}" for position in positions]
    expect(page.locator("#count")).to_contain_text("in the table.")
    page.get_by_role("button", name="Count exactly").click()
    expect(page.locator("#count")).to_contain_text("3 items match the filter, counted with ")
    page.get_by_label("Filter, such as").fill("shelf:*")
    page.get_by_role("button", name="Find").click()
    expect(headings.get_by_role("link")).to_have_count(0)


def test_list_of_keys_has_columns_and_downloads(page: Page, mark: str) -> None:
    page.goto(f"/picus/list?key={mark}%2F01&key={mark}%2F00")
    assert shown_keys(page) == [f"{mark}/01", f"{mark}/00"]
    menu(page, "Columns")
    page.get_by_label("n", exact=True).check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader")).to_have_text(["object_id", "n"])
    assert shown_keys(page) == [f"{mark}/01", f"{mark}/00"]
    menu(page, "Download")
    with page.expect_download() as found:
        page.get_by_role("link", name="CSV, the chosen columns").click()
    assert found.value.path().read_text().split() == ["object_id,n", f"{mark}/01,1", f"{mark}/00,0"]


def test_filter_builder_knows_the_types_of_the_page(page: Page, mark: str) -> None:
    open_list(page, mark)
    field = page.get_by_label("Filter, such as")
    field.fill("")
    menu(page, "Build a filter")
    name, operator, value = (page.get_by_label(label, exact=True) for label in ("Name", "Operator", "Value"))
    add = page.get_by_role("button", name="Add to the filter")
    name.fill("mark")
    expect(page.get_by_label("Type", exact=True)).to_have_value("text")
    value.fill(mark)
    add.click()
    expect(field).to_have_value(f'mark = "{mark}"')
    expect(field).to_be_focused()
    name.fill("exact")
    expect(page.get_by_label("Type", exact=True)).to_have_value("number")
    value.fill("1,5")
    add.click()
    expect(page.get_by_role("alert")).to_have_text("This is not a number.")
    expect(value).to_be_focused()
    operator.select_option("<")
    value.fill(BIG)
    value.press("Enter")
    name.fill("ok")
    operator.select_option("is true")
    expect(value).to_be_hidden()
    add.click()
    page.get_by_label("Join by").select_option("OR")
    name.fill("a, b")
    operator.select_option("exists")
    add.click()
    expect(field).to_have_value(f'(mark = "{mark}" AND exact < {BIG} AND ok = true) OR "a, b":*')
    field.press("Enter")
    page.wait_for_url("**ok+%3D+true**")
    odd = {f"{mark}/{n:02}" for n in range(1, 12, 2)}
    assert {key for key in shown_keys(page) if key.startswith(mark)} == odd


def test_selected_items_are_copied_and_duplicated(
    page: Page, context: BrowserContext, client: Client, mark: str
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_list(page, mark, fields="n")
    bar = page.get_by_role("region", name="Selected items")
    expect(bar).to_be_hidden()
    page.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("12 items selected")
    bar.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("12 curl lines copied.")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert f"curl '{client.base_url}/picus/get/{mark}%2F00'" in lines
    page.get_by_label("Select all on this page").uncheck()
    for n in ("00", "11"):
        page.get_by_label(f"Select {mark}/{n}").check()
    bar.get_by_role("button", name="Copy as JSON").click()
    expect(page.get_by_text("2 items copied as JSON.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert {item["n"] for item in json.loads(copied)} == {0, "11"}
    assert f'"exact": {DIGITS}' in copied
    page.get_by_label(f"Select {mark}/11").uncheck()
    bar.get_by_role("button", name="Duplicate").click()
    expect(page).to_have_title("New item – Picus")
    page.get_by_label("Key (optional").fill(f"{mark}/copy")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Created.")).to_be_visible()
    assert client.fetch(f"{mark}/copy") == client.fetch(f"{mark}/00")


def test_reader_can_copy_but_not_duplicate_or_delete(
    page: Page, mark: str, rows: "Table", dynamodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_table(monkeypatch, dynamodb_url, rows.name)
    page.goto("/sign-in")
    page.get_by_label("Token").fill(token_admin.create_token("reader", frozenset(["read"]), "").text)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Signed in as")).to_be_visible()
    open_list(page, mark)
    page.get_by_label(f"Select {mark}/00").check()
    bar = page.get_by_role("region", name="Selected items")
    expect(bar.get_by_role("button")).to_have_text(["Copy as JSON", "Copy as curl"])
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("anonymous")).to_be_visible()


def test_delete_selected_keeps_what_others_changed(page: Page, client: Client, mark: str) -> None:
    open_list(page, mark, fields="n")
    client.patch(f"{mark}/03", '{"n": "theirs"}')
    client.delete(f"{mark}/04")
    page.get_by_label("Select all on this page").check()
    page.get_by_label(f"Select {mark}/00").uncheck()
    delete = page.get_by_role("button", name="Delete…")
    delete.click()
    dialog = page.get_by_role("dialog", name="Delete 11 items?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(delete).to_be_focused()
    assert client.get(f"{mark}/01").status == 200
    delete.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("10 of 11 deleted, 1 not deleted.")).to_be_visible()
    failures = page.get_by_role("list", name="Not deleted")
    expect(failures).to_have_text(f"{mark}/03: Somebody changed it after this page was loaded.")
    expect(page.get_by_role("region", name="Deletion of the selected items")).to_be_focused()
    assert sorted(shown_keys(page)) == [f"{mark}/00", f"{mark}/03"]
    assert client.fetch(f"{mark}/03")["n"] == "theirs"
    assert client.get(f"{mark}/00").status == 200
    assert client.get(f"{mark}/01").status == 404
    # What remains is still selected: a page without a connection explains the failure.
    page.route("**/picus/**", lambda route: route.abort() if route.request.method == "DELETE" else route.fallback())
    delete.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(failures).to_contain_text("No response came")


def test_downloads_have_all_items_that_match(page: Page, mark: str, tmp_path: Path) -> None:
    open_list(page, mark, limit="10", fields="n,exact")
    menu(page, "Download")

    def download(name: str) -> Download:
        with page.expect_download() as found:
            page.get_by_role("link", name=name, exact=True).click()
        return found.value

    whole = download("JSON").path().read_text()
    assert len(json.loads(whole)) == 12
    assert f'"exact":{BIG}' in whole
    rows = download("CSV, the chosen columns").path().read_text().splitlines()
    assert (rows[0], len(rows)) == ("object_id,n,exact", 13)
    assert len(download("NDJSON, an item on each line").path().read_text().splitlines()) == 12
