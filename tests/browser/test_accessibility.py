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


def violations(page: Page, *parts: str, colors: bool = True) -> list[str]:
    """Return the rule and the element of each violation that axe finds on the page, or in some parts of it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((NODE_MODULES / "axe-core/axe.min.js").read_text())
    # Buttons of Swagger UI change their colors gradually.
    page.evaluate(
        "Promise.allSettled(document.getAnimations().filter(each => each instanceof CSSTransition)"
        ".map(each => each.finished)).then(() => null)"
    )
    # Dark pages differ from light pages in colors only.
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    # Details of what is right would take a third of the time. Only rules about sound, video and orientation preload.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False, "iframes": False}
    if is_dark:
        options["runOnly"] = ["color-contrast"]
    elif not colors:
        options["rules"] = {"color-contrast": {"enabled": False}}
    where = {"include": [[part] for part in parts]} if parts else None
    result: dict[str, Any] = page.evaluate(
        "([where, options]) => axe.run(where || document, options)", [where, options]
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
