"""axe finds nothing on any page, in light and dark colours (https://github.com/dequelabs/axe-core)."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import create, open_item, patch
from tests.contract.client import Client
from tests.npm_packages import NODE_MODULES

PAGES = [
    "/",
    "/sign-in",
    "/picus/list",
    "/picus/put",
    "/picus/get/absent",
    "/picus/list?filter=Bern",
    "/nope",
    "/docs/",
]


@pytest.fixture(params=["light", "dark"])
def colored(page: Page, request: pytest.FixtureRequest) -> Page:
    """Return a tab with this color scheme."""
    page.emulate_media(color_scheme=request.param)
    return page


def violations(page: Page) -> list[str]:
    """Return the rule and the element of each violation that axe finds."""
    page.evaluate((NODE_MODULES / "axe-core/axe.min.js").read_text())
    # Dark pages differ from light pages in colors only.
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    result: dict[str, Any] = page.evaluate(
        "options => axe.run(options)", {"runOnly": ["color-contrast"]} if is_dark else {}
    )
    return [f"{each['id']}: {node['html'][:200]}" for each in result["violations"] for node in each["nodes"]]


def test_pages_have_no_violations(colored: Page, client: Client) -> None:
    client.store('{"name": "x"}')
    for target in PAGES:
        colored.goto(target)
        colored.wait_for_load_state("networkidle")
        assert violations(colored) == [], target


def test_item_page_has_no_violations(colored: Page, client: Client) -> None:
    key = client.store('{"name": "x"}')
    open_item(colored, key)
    for summary in colored.locator("summary").all():
        summary.click()
    assert violations(colored) == []


def test_explorer_has_no_violations(colored: Page, client: Client) -> None:
    client.replace("explored", f'{{"explored": "{"x" * 200}", "n": 1, "ok": true, "none": null, "list": [1]}}')
    colored.goto("/picus/list?filter=explored:*&fields=explored,n,ok,none,list")
    for summary in colored.locator("summary:visible").all():
        summary.click()
    colored.get_by_label("Select explored").check()
    assert violations(colored) == []
    colored.get_by_role("button", name="Delete…").click()
    assert violations(colored) == []


def test_conflict_has_no_violations(colored: Page, client: Client) -> None:
    key = client.store('{"name": "x"}')
    open_item(colored, key)
    client.patch(key, '{"name": "y"}')
    patch(colored, '{"name": "z"}')
    expect(colored.get_by_label("Conflict")).to_be_visible()
    assert violations(colored) == []


def test_form_error_has_no_violations(colored: Page) -> None:
    colored.goto("/picus/put")
    create(colored, "{")
    expect(colored.get_by_role("alert").filter(has_text="JSON")).to_be_visible()
    assert violations(colored) == []


def test_expanded_operations_have_no_violations(colored: Page) -> None:
    colored.goto("/docs/")
    colored.locator(".opblock").first.wait_for()
    # axe takes half a minute for all of them. Their colors are the same.
    is_dark = colored.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for operation in colored.locator(".opblock").all()[: 2 if is_dark else None]:
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
    # The responses of all operations look alike.
    operation = colored.locator("#operations-Items-listItems")
    operation.get_by_role("button", name="Execute").click()
    operation.locator(".live-responses-table").wait_for()
    assert violations(colored) == []
