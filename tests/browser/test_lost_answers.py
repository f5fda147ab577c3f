"""What the service did although its answer never arrived: nothing twice, and nothing said that isn't so."""

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.losing import GATEWAY_TIMEOUT, lose_one_answer
from tests.browser.person import create, delete, open_item, patch, replace
from tests.contract.client import Client
from tests.contract.exact import Number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

# What pages lack that come without TLS from another machine.
WITHOUT_TLS = "Object.defineProperty(Crypto.prototype, 'randomUUID', {value: undefined})"
WRITTEN = "It is written already: the item is as you sent it."


def stored(client: Client, word: str) -> int:
    """How many items have it."""
    return client.request("GET", f"/picus/list?filter=word%3D%22{word}%22").body.count(b"object_id")


def again(part: Page | Locator, name: str) -> None:
    part.get_by_role("button", name=name).click()


@pytest.mark.parametrize("origin", ["secure", "insecure"])
def test_the_same_text_sent_again_makes_one_item(page: Page, client: Client, origin: str) -> None:
    if origin == "insecure":
        page.add_init_script(WITHOUT_TLS)
    page.goto("/picus/put")
    lose_one_answer(page)
    create(page, f'{{"word": "{origin}"}}')
    expect(page.get_by_role("alert")).to_contain_text("No answer came")
    expect(page.get_by_role("alert")).to_contain_text("the same text is stored once")
    again(page, "Create")
    expect(page.get_by_text("Created.")).to_be_visible()
    assert stored(client, origin) == 1


def test_a_text_that_was_changed_after_a_loss_is_an_item_of_its_own(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    lose_one_answer(page, GATEWAY_TIMEOUT)
    create(page, '{"word": "changed"}')
    expect(page.get_by_role("alert")).to_contain_text("HTTP 504")
    create(page, '{"word": "changed", "n": 2}')
    expect(page.get_by_text("Created.")).to_be_visible()
    assert stored(client, "changed") == 2


def test_without_the_table_of_keys_items_are_created_all_the_same(page: Page, client: Client, rows: "Table") -> None:
    dynamodb, records = rows.meta.client, f"{rows.name}_idempotency"
    description = dynamodb.describe_table(TableName=records)["Table"]
    dynamodb.delete_table(TableName=records)
    try:
        page.goto("/picus/put")
        create(page, '{"word": "keyless"}')
        expect(page.get_by_text("Created.")).to_be_visible()
        assert stored(client, "keyless") == 1
    finally:
        dynamodb.create_table(
            TableName=records,
            KeySchema=description["KeySchema"],
            AttributeDefinitions=description["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
        )


def test_a_chosen_key_whose_answer_was_lost_is_found_written(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    lose_one_answer(page)
    create(page, '{"n": 1.10}', "chosen")
    expect(page.get_by_role("alert")).to_contain_text("Look whether it was done")
    create(page, '{"n": 2}', "chosen")
    expect(page.get_by_role("alert").get_by_role("link")).to_contain_text("perhaps by an earlier try of yours")
    create(page, '{"n": 11e-1}', "chosen")
    expect(page.get_by_text(WRITTEN)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("chosen")


def test_a_key_that_is_taken_leads_to_its_item(page: Page, client: Client) -> None:
    key = "taken/by whom?"
    client.replace(key, '{"theirs": true}')
    page.goto("/picus/put")
    create(page, '{"mine": true}', key)
    page.get_by_role("alert").get_by_role("link", name=f'Item with key "{key}" is there already').click()
    expect(page.get_by_label("The item", exact=True)).to_contain_text("theirs")


def test_a_replacement_whose_answer_was_lost_is_found_written(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_answer(page)
    # Equal to what is stored, and written in another way.
    part = replace(page, '{"b": [10e-1, "\\u0041"], "a": {"y": 1.10, "x": 12345678901234567890123}}')
    expect(part.get_by_role("alert")).to_contain_text("No answer came")
    again(part, "Replace")
    expect(page.get_by_text(WRITTEN)).to_be_visible()
    assert client.fetch(key).keys() == {"a", "b"}


def test_a_number_that_differs_in_its_last_digit_is_not_taken_for_written(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_answer(page)
    part = replace(page, '{"n": 12345678901234567890123}')
    expect(part.get_by_role("alert")).to_contain_text("No answer came")
    client.replace(key, '{"n": 12345678901234567890124}')
    again(part, "Replace")
    conflict = page.get_by_label("Conflict")
    expect(conflict).to_contain_text("This time nothing was written.")
    expect(conflict).to_contain_text("by an earlier try of yours, or by somebody else")
    again(conflict, "Replace theirs with mine")
    expect(page.get_by_text("Replaced.")).to_be_visible()
    assert client.fetch(key) == {"n": Number("12345678901234567890123")}


def test_a_patch_whose_answer_was_lost_is_found_written(page: Page, client: Client) -> None:
    key = client.store('{"stays": 1, "goes": 1, "deep": {"a": 1, "b": 2}}')
    open_item(page, key)
    lose_one_answer(page, GATEWAY_TIMEOUT)
    part = patch(page, '{"goes": null, "deep": {"b": 3.0}}')
    expect(part.get_by_role("alert")).to_contain_text("HTTP 504")
    expect(part.get_by_role("alert")).to_contain_text("Look whether it was done")
    again(part, "Patch")
    expect(page.get_by_text(WRITTEN)).to_be_visible()
    assert client.get(key).body.endswith(b'"stays":1,"deep":{"a":1,"b":3}}')


def test_another_text_after_a_loss_meets_what_may_be_ones_own(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_answer(page)
    part = patch(page, '{"n": 2}')
    expect(part.get_by_role("alert")).to_contain_text("No answer came")
    part.get_by_label("What changes").fill('{"n": 3}')
    again(part, "Patch")
    expect(page.get_by_label("Conflict")).to_contain_text("by an earlier try of yours, or by somebody else")
    assert client.fetch(key) == {"n": Number("2")}


def test_a_deletion_whose_answer_was_lost_is_found_done(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    lose_one_answer(page)
    part = delete(page)
    expect(part.get_by_role("alert")).to_contain_text("Look whether it was done")
    again(part, "Delete this item")
    page.wait_for_url("/picus/list")
    expect(page.get_by_text("It is gone already")).to_be_visible()
