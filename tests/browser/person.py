"""What a person does with a page."""

from urllib.parse import quote

from playwright.sync_api import Locator, Page


def open_item(page: Page, key: str) -> None:
    """Goes to the item's page."""
    page.goto(f"/picus/get/{quote(key, safe='')}")


def unfold(page: Page, title: str) -> Locator:
    """Opens one of the parts of an item's page; the part."""
    page.bring_to_front()  # Chromium draws those behind once a second
    part = page.locator("details", has=page.locator("summary", has_text=title))
    part.locator("summary").click()
    return part


def replace(page: Page, text: str) -> Locator:
    """Sends this text in place of the item; the part of the page."""
    part = unfold(page, "Replace")
    part.get_by_label("The whole item").fill(text)
    part.get_by_role("button", name="Replace").click()
    return part


def patch(page: Page, text: str) -> Locator:
    """Sends this patch; the part of the page."""
    part = unfold(page, "Patch")
    part.get_by_label("What changes").fill(text)
    part.get_by_role("button", name="Patch").click()
    return part


def delete(page: Page) -> Locator:
    """Asks for the deletion; the part of the page."""
    part = unfold(page, "Delete")
    part.get_by_role("button", name="Delete this item").click()
    return part


def create(page: Page, text: str, key: str = "") -> None:
    """Fills the form for a new item and sends it."""
    page.get_by_label("Key (without one").fill(key)
    page.get_by_label("Item, a JSON object").fill(text)
    page.get_by_role("button", name="Create").click()


def shown_item(page: Page) -> str:
    """The item as its page shows it."""
    return page.get_by_label("The item", exact=True).inner_text()


def stays_in_width(page: Page) -> bool:
    """Whether nothing needs scrolling sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
