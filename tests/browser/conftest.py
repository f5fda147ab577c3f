"""A person at the pages: Chromium against a whole local stack."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.contract.client import Client
from tests.dynamodb import new_table
from tests.stack import running_stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # the suite may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def rows(dynamodb_url: str) -> "Table":
    """The table, as another program sees it."""
    return new_table(dynamodb_url)


@pytest.fixture(scope="session")
def base_url(dynamodb_url: str, rows: "Table") -> Iterator[str]:
    """A stack for the browser alone."""
    with running_stack(DYNAMODB_ENDPOINT_URL=dynamodb_url, DYNAMODB_TABLE_NAME=rows.name) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file: as long as Playwright runs, no other event loop can run in this thread."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, "The browser tests need Chromium: install the package chromium, or Google Chrome."
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as browser,
    ):
        yield browser


@pytest.fixture
def client(base_url: str) -> Client:
    """Another program, which speaks to the API."""
    return Client(base_url)


@pytest.fixture(scope="module")
def window(browser: Browser, base_url: str) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A window without tabs, and what its pages load from elsewhere, the rules they break, and their errors."""
    with browser.new_context(base_url=base_url) as context:
        context.set_default_timeout(PATIENCE_MS)
        troubles = list[str]()

        def note_foreign(request: Request) -> None:
            if not request.url.startswith((base_url, "data:")):
                troubles.append(request.url)

        context.on("request", note_foreign)
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        context.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
        yield context, troubles


@pytest.fixture
def context(window: tuple[BrowserContext, list[str]]) -> Iterator[BrowserContext]:
    """A window whose pages are in no trouble."""
    context, troubles = window
    troubles.clear()
    yield context
    for page in context.pages:
        page.close()
    context.clear_permissions()
    assert not troubles


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    return context.new_page()
