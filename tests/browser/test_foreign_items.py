"""Items of other programs, which Picus would not write itself."""

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.actions import open_item, patch, replace, unfold
from tests.contract.client import Client
from tests.contract.exact import Number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

# More attributes than one condition of DynamoDB can compare.
TOO_WIDE = {f"a{index}": 0 for index in range(150)}


def test_replace_warns_about_sets_and_patch_keeps_them(page: Page, client: Client, rows: "Table") -> None:
    rows.put_item(Item={"object_id": "sets", "tags": {"a"}, "n": 1})
    client.replace("plain", '{"tags": ["a"]}')
    open_item(page, "plain")
    expect(unfold(page, "Replace")).not_to_contain_text("sets or binary")
    open_item(page, "sets")
    expect(unfold(page, "Replace")).to_contain_text("This item holds sets or binary")
    patch(page, '{"n": 2}')
    expect(page.get_by_text("Patched.")).to_be_visible()
    assert rows.get_item(Key={"object_id": "sets"})["Item"]["tags"] == {"a"}


def test_item_with_a_reserved_key_has_no_forms(page: Page, rows: "Table") -> None:
    rows.put_item(Item={"object_id": "list", "n": 1})
    open_item(page, "list")
    expect(page.get_by_label("The item", exact=True)).to_contain_text('"n": 1')
    expect(page.get_by_text("but not changed or deleted")).to_be_visible()
    expect(page.locator("form")).to_have_count(0)


def test_dot_segment_key_is_not_a_link(page: Page, rows: "Table") -> None:
    rows.put_item(Item={"object_id": "..", "n": 1})
    page.goto("/picus/list?limit=1000")
    expect(page.get_by_text("..", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="..", exact=True)).to_have_count(0)
    rows.delete_item(Key={"object_id": ".."})


def test_item_too_wide_for_a_condition_is_replaced_on_demand(page: Page, client: Client, rows: "Table") -> None:
    rows.put_item(Item={"object_id": "wide", **TOO_WIDE})
    open_item(page, "wide")
    replace(page, '{"n": 1}')
    expect(page.get_by_label("Conflict")).to_contain_text("too many attributes to be guarded")
    assert len(client.fetch("wide")) == len(TOO_WIDE)
    page.get_by_role("button", name="Replace theirs with mine").click()
    expect(page.get_by_text("Replaced.")).to_be_visible()
    assert client.fetch("wide") == {"n": Number("1")}
