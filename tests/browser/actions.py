"""Actions of a user on a page. Each returns the part of the page that it used."""

from urllib.parse import quote

from playwright.sync_api import Locator, Page


def open_item(page: Page, key: str) -> None:
    """Open the page of an item."""
    page.goto(f"/picus/get/{quote(key, safe='')}")


def unfold(page: Page, title: str) -> Locator:
    """Open one of the sections of an item's page."""
    page.bring_to_front()  # Chromium draws pages in the background once a second.
    part = page.locator("details", has=page.locator("summary", has_text=title))
    part.locator("summary").click()
    return part


def editor(part: Page | Locator, label: str) -> Locator:
    """Wait for the editor that takes the place of a text field, and return it."""
    part.locator(".cm-content:visible").first.wait_for()
    return part.get_by_label(label)


def replace(page: Page, text: str) -> Locator:
    """Replace the item by this text."""
    part = unfold(page, "Replace")
    editor(part, "The whole item").fill(text)
    part.get_by_role("button", name="Replace").click()
    return part


def patch(page: Page, text: str) -> Locator:
    """Patch the item with this text."""
    part = unfold(page, "Patch")
    editor(part, "Changes").fill(text)
    part.get_by_role("button", name="Patch").click()
    return part


def delete(page: Page) -> Locator:
    """Delete the item on its page, and return the section that was used."""
    part = unfold(page, "Delete")
    part.get_by_role("button", name="Delete this item").click()
    return part


def create(page: Page, text: str, key: str = "") -> None:
    """Fill in the form for a new item and send it."""
    page.get_by_label("Key (optional").fill(key)
    editor(page, "Item, a JSON object").fill(text)
    page.get_by_role("button", name="Create").click()


def shown_item(page: Page) -> str:
    """Return the item as its page shows it."""
    return page.get_by_label("The item", exact=True).inner_text()


def stays_in_width(page: Page) -> bool:
    """Return True if the page needs no horizontal scrolling."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
