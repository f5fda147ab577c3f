"""Responses that never reach the page: no write happens twice, and messages stay true."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import create, delete, editor, open_item, patch, replace
from tests.browser.lost_response import GATEWAY_TIMEOUT, lose_one_response
from tests.contract.client import Client
from tests.contract.exact import Number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

# Pages without TLS that come from another machine have no randomUUID.
WITHOUT_TLS = "Object.defineProperty(Crypto.prototype, 'randomUUID', {value: undefined})"
WRITTEN = "It is written already: the item is as you sent it."


def count_items(client: Client, word: str) -> int:
    """Return how many items have this word."""
    return client.request("GET", f"/picus/list?filter=word%3D%22{word}%22").body.count(b"object_id")


def click_again(part: Page | Locator, name: str) -> None:
    part.get_by_role("button", name=name).click()


@pytest.mark.parametrize("origin", ["secure", "insecure"])
def test_create_sent_again_stores_one_item(page: Page, client: Client, origin: str) -> None:
    if origin == "insecure":
        page.add_init_script(WITHOUT_TLS)
    page.goto("/picus/put")
    lose_one_response(page)
    create(page, f'{{"word": "{origin}"}}')
    expect(page.get_by_role("alert")).to_contain_text("No response came")
    expect(page.get_by_role("alert")).to_contain_text("the same text is stored once")
    click_again(page, "Create")
    expect(page.get_by_text("Created.")).to_be_visible()
    assert count_items(client, origin) == 1


def test_create_with_changed_text_stores_another_item(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    lose_one_response(page, GATEWAY_TIMEOUT)
    create(page, '{"word": "changed"}')
    expect(page.get_by_role("alert")).to_contain_text("HTTP 504")
    create(page, '{"word": "changed", "n": 2}')
    expect(page.get_by_text("Created.")).to_be_visible()
    assert count_items(client, "changed") == 2


def test_create_works_without_the_idempotency_table(page: Page, client: Client, rows: "Table") -> None:
    dynamodb, idempotency_table = rows.meta.client, f"{rows.name}_idempotency"
    description = dynamodb.describe_table(TableName=idempotency_table)["Table"]
    dynamodb.delete_table(TableName=idempotency_table)
    try:
        page.goto("/picus/put")
        create(page, '{"word": "keyless"}')
        expect(page.get_by_text("Created.")).to_be_visible()
        assert count_items(client, "keyless") == 1
    finally:
        dynamodb.create_table(
            TableName=idempotency_table,
            KeySchema=description["KeySchema"],
            AttributeDefinitions=description["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
        )


def test_lost_create_under_chosen_key_is_found_written(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    lose_one_response(page)
    create(page, '{"n": 1.10}', "chosen")
    expect(page.get_by_role("alert")).to_contain_text("Check whether it was done")
    create(page, '{"n": 2}', "chosen")
    expect(page.get_by_role("alert").get_by_role("link")).to_contain_text("perhaps by an earlier try of yours")
    create(page, '{"n": 11e-1}', "chosen")
    expect(page.get_by_text(WRITTEN)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("chosen")


def test_taken_key_links_to_its_item(page: Page, client: Client) -> None:
    key = "taken/by whom?"
    client.replace(key, '{"theirs": true}')
    page.goto("/picus/put")
    create(page, '{"mine": true}', key)
    page.get_by_role("alert").get_by_role("link", name=f'Item with key "{key}" exists already').click()
    expect(page.get_by_label("The item", exact=True)).to_contain_text("theirs")


def test_lost_replace_is_found_written(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_response(page)
    # The text is equal to the stored item and spelt differently.
    part = replace(page, '{"b": [10e-1, "\\u0041"], "a": {"y": 1.10, "x": 12345678901234567890123}}')
    expect(part.get_by_role("alert")).to_contain_text("No response came")
    click_again(part, "Replace")
    expect(page.get_by_text(WRITTEN)).to_be_visible()
    assert client.fetch(key).keys() == {"a", "b"}


def test_last_digit_of_a_number_decides_if_it_is_written(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_response(page)
    part = replace(page, '{"n": 12345678901234567890123}')
    expect(part.get_by_role("alert")).to_contain_text("No response came")
    client.replace(key, '{"n": 12345678901234567890124}')
    click_again(part, "Replace")
    conflict = page.get_by_label("Conflict")
    expect(conflict).to_contain_text("This time nothing was written.")
    expect(conflict).to_contain_text("by an earlier try of yours, or by somebody else")
    click_again(conflict, "Replace theirs with mine")
    expect(page.get_by_text("Replaced.")).to_be_visible()
    assert client.fetch(key) == {"n": Number("12345678901234567890123")}


def test_lost_patch_is_found_written(page: Page, client: Client) -> None:
    key = client.store('{"stays": 1, "goes": 1, "deep": {"a": 1, "b": 2}}')
    open_item(page, key)
    lose_one_response(page, GATEWAY_TIMEOUT)
    part = patch(page, '{"goes": null, "deep": {"b": 3.0}}')
    expect(part.get_by_role("alert")).to_contain_text("HTTP 504")
    expect(part.get_by_role("alert")).to_contain_text("Check whether it was done")
    click_again(part, "Patch")
    expect(page.get_by_text(WRITTEN)).to_be_visible()
    assert client.get(key).body.endswith(b'"stays":1,"deep":{"a":1,"b":3}}')


def test_conflict_after_a_lost_response_may_be_own_write(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_response(page)
    part = patch(page, '{"n": 2}')
    expect(part.get_by_role("alert")).to_contain_text("No response came")
    editor(part, "Changes").fill('{"n": 3}')
    click_again(part, "Patch")
    expect(page.get_by_label("Conflict")).to_contain_text("by an earlier try of yours, or by somebody else")
    assert client.fetch(key) == {"n": Number("2")}


def test_lost_delete_is_found_done(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_response(page)
    part = delete(page)
    expect(part.get_by_role("alert")).to_contain_text("Check whether it was done")
    click_again(part, "Delete this item")
    page.wait_for_url("/picus/list")
    expect(page.get_by_text("The item is gone already")).to_be_visible()
