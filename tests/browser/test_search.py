"""Find items by filter, by key and by the beginning of a key."""

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.contract.client import Client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


def test_items_are_found_by_filter_and_by_key(page: Page, client: Client) -> None:
    keys = [client.store(f'{{"found": {{"by": "{who}"}}}}') for who in ("Ada", "Bea")]
    page.goto("/picus/list")
    page.get_by_label("Filter, such as").fill('found.by = "Bea"')
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("list", name="Items on this page").get_by_role("link")).to_have_text([keys[1]])
    page.get_by_label("Filter, such as").fill("")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Items")).to_be_visible()
    page.get_by_label("Key", exact=True).fill(keys[0])
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_label("The item", exact=True)).to_contain_text("Ada")


def test_refused_filter_is_explained_and_stays_in_its_field(page: Page) -> None:
    page.goto("/picus/list")
    page.get_by_label("Filter, such as").fill("n >> 1")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("alert")).to_contain_text("filter")
    expect(page.get_by_label("Filter, such as")).to_have_value("n >> 1")
    # The search drops the other parameters of a refused query.
    page.goto("/picus/list?limit=0")
    page.get_by_label("Filter, such as").fill("object_id:*")
    page.get_by_role("button", name="Find").click()
    expect(page).to_have_title("Items – Picus")


def test_keys_are_found_by_their_beginning(page: Page, client: Client) -> None:
    keys = ['order "1"/a', 'order "1"/b', "order 2"]
    for key in keys:
        client.replace(key, "{}")
    page.goto("/")
    page.get_by_label("Key", exact=True).fill('order "1"')
    page.get_by_role("button", name="Keys that begin with this").click()
    links = page.get_by_role("list", name="Items on this page").get_by_role("link")
    expect(links).to_have_count(2)
    assert sorted(links.all_inner_texts()) == keys[:2]
    page.goto("/picus/list")
    page.get_by_label("Key", exact=True).fill(keys[2])
    page.get_by_label("Key", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(keys[2])


def test_refused_filter_has_a_correction_and_a_grammar(page: Page, client: Client) -> None:
    key = client.store('{"city": "Bern", "corrected": true}')
    page.goto("/picus/list")
    page.get_by_label("Filter, such as").fill("city = 'Bern' and corrected = True")
    page.get_by_label("Filter, such as").press("Enter")
    page.get_by_role("link", name='city = "Bern" AND corrected = true').click()
    expect(page.get_by_role("list", name="Items on this page").get_by_role("link")).to_have_text([key])
    page.goto("/picus/list?filter=Bern")
    expect(page.get_by_role("link", name='begins_with(object_id, "Bern")')).to_be_visible()
    expect(page.get_by_text('begins_with(name, "Mü")')).to_be_visible()


def test_empty_search_says_what_to_do(page: Page) -> None:
    page.goto("/picus/list?filter=no.item.has:*")
    expect(page.get_by_text("No item matches this filter.")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="All items").click()
    expect(page).to_have_title("Items – Picus")


def test_empty_table_says_what_to_do(page: Page, rows: "Table") -> None:
    for row in rows.scan()["Items"]:
        rows.delete_item(Key={"object_id": row["object_id"]})
    page.goto("/picus/list")
    expect(page.get_by_text("No items yet.")).to_be_visible()
    page.get_by_role("link", name="Create the first one").click()
    expect(page).to_have_title("New item – Picus")
