"""The documentation page: its order and size, and every operation as it stands."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_accessibility import violations
from tests.contract.client import Client

ITEM_OPERATIONS = ["listItems", "createItem", "getItem", "replaceItem", "patchItem", "deleteItem"]
SCRIPT = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"


@pytest.fixture
def docs(page: Page) -> Page:
    """Open the documentation page."""
    page.goto("/docs/")
    page.locator(".opblock").first.wait_for()
    return page


def open_operation(docs: Page, identifier: str) -> Locator:
    """Expand an operation and prepare it for a request."""
    operation = docs.locator(f"[id='{identifier}']")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    return operation


def execute(operation: Locator) -> tuple[int, str]:
    """Send the request of an operation and return status and body of the response."""
    operation.get_by_role("button", name="Execute").click()
    row = operation.locator(".live-responses-table tbody tr.response").first
    status = row.locator(".response-col_status").inner_text()
    body = row.locator(".microlight").first
    return int(status.split()[0]), body.inner_text() if body.count() else ""


def test_page_has_one_h1_and_operations_in_reading_order(docs: Page) -> None:
    identifiers = docs.locator(".opblock").evaluate_all("all => all.map(each => each.id)")
    assert identifiers[:6] == [f"operations-Items-{name}" for name in ITEM_OPERATIONS]
    assert docs.locator("main").count() == 1
    expect(docs.locator("h1")).to_have_text(["The API"])


def test_script_is_compressed(client: Client) -> None:
    response = client.request("GET", SCRIPT, headers={"Accept-Encoding": "gzip"})
    assert response.header("Content-Encoding") == "gzip", "run: make .venv/.synced"
    assert len(response.body) < 500_000
    assert client.request("GET", SCRIPT).header("Content-Encoding") is None


def test_every_operation_is_short_accessible_and_works_unedited(docs: Page) -> None:
    """Check everything in one test, because expanding an operation takes a second."""
    identifiers = docs.locator(".opblock").evaluate_all("all => all.map(each => each.id)")
    statuses: dict[str, int] = {}
    bodies: dict[str, str] = {}
    for identifier in identifiers:
        name = identifier.rpartition("-")[2]
        operation = docs.locator(f"[id='{identifier}']")
        operation.locator(".opblock-summary-control").click()
        operation.locator(".responses-wrapper").wait_for()
        box = operation.bounding_box()
        assert box
        # The fault was 8,357 px for PUT.
        assert box["height"] < 3000, name
        operation.get_by_role("button", name="Try it out").click()
        if name in ("getItem", "patchItem", "deleteItem"):
            expect(operation.get_by_placeholder("key")).to_have_value(json.loads(bodies["createItem"])["object_id"])
        statuses[name], bodies[name] = execute(operation)
        # Operations with the same method have the same colors.
        has_new_colors = name in ITEM_OPERATIONS and name != "getItem"
        assert violations(docs, f"#{identifier}", colors=has_new_colors) == [], name
        if has_new_colors:
            docs.emulate_media(color_scheme="dark")
            assert violations(docs, f"#{identifier}") == [], f"{name}, dark"
            docs.emulate_media(color_scheme="light")
        # Each expanded operation slows down the others.
        operation.locator(".opblock-summary-control").click()
    for identifier in identifiers[:2]:
        docs.locator(f"[id='{identifier}'] .opblock-summary-control").click()
        docs.locator(f"[id='{identifier}'] .responses-wrapper").wait_for()
    assert violations(docs, colors=False) == []
    assert statuses == dict.fromkeys(statuses, 200) | {"createItem": 201}
    assert len(statuses) == 12


def test_repeated_and_edited_posts_store_items_of_their_own(docs: Page, client: Client) -> None:
    operation = open_operation(docs, "operations-Items-createItem")
    created = [json.loads(execute(operation)[1])["object_id"]]
    operation.get_by_role("button", name="Clear").click()
    created.append(json.loads(execute(operation)[1])["object_id"])
    operation.get_by_label("Request body").fill('{"edited": true}')
    operation.get_by_role("button", name="Clear").click()
    created.append(json.loads(execute(operation)[1])["object_id"])
    assert len(set(created)) == 3
    assert client.fetch(created[2]) == {"edited": True}


def test_link_to_an_operation_opens_it(page: Page) -> None:
    page.goto("/docs/#/Items/listItems")
    expect(page.locator("#operations-Items-listItems .opblock-body")).to_be_visible()
