"""Run Chromium against a local stack."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.contract.client import Client
from tests.dynamodb import new_table
from tests.stack import running_stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # The tests may run as root.
    "--disable-gpu",
    "--in-process-gpu",  # Without a process for graphics, pages take a tenth less time.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # A new page finds the scripts compiled, and starts no process.
]
TIMEOUT_MS = 60_000


@pytest.fixture(scope="session")
def rows(dynamodb_url: str) -> "Table":
    """Return the table, as another program sees it. It has an index, shelf-position-index."""
    table = new_table(dynamodb_url)
    table.meta.client.update_table(
        TableName=table.name,
        AttributeDefinitions=[
            {"AttributeName": "shelf", "AttributeType": "S"},
            {"AttributeName": "position", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "shelf-position-index",
                    "KeySchema": [
                        {"AttributeName": "shelf", "KeyType": "HASH"},
                        {"AttributeName": "position", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    return table


@pytest.fixture(scope="session")
def base_url(dynamodb_url: str, rows: "Table") -> Iterator[str]:
    """Start a local stack for the browser tests."""
    with running_stack(DYNAMODB_ENDPOINT_URL=dynamodb_url, DYNAMODB_TABLE_NAME=rows.name) as url:
        yield url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Chromium for the tests of this folder: while Playwright runs, this thread can't run another event loop."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, "The browser tests need Chromium: install the package chromium, or Google Chrome."
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as browser,
    ):
        expect.set_options(timeout=TIMEOUT_MS)
        yield browser


@pytest.fixture
def client(base_url: str) -> Client:
    """Return a client of the API, for what another program does."""
    return Client(base_url)


@pytest.fixture(scope="module")
def window(browser: Browser, base_url: str) -> Iterator[tuple[BrowserContext, list[str]]]:
    """Open a window, and collect its pages' requests to other hosts, CSP violations and script errors."""
    with browser.new_context(base_url=base_url) as context:
        context.set_default_timeout(TIMEOUT_MS)
        errors = list[str]()

        def note_foreign(request: Request) -> None:
            if not request.url.startswith((base_url, "data:")):
                errors.append(request.url)

        context.on("request", note_foreign)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        # As a tab of a window that stays open, a new page takes a third of the time.
        context.new_page()
        yield context, errors


@pytest.fixture
def context(window: tuple[BrowserContext, list[str]]) -> Iterator[BrowserContext]:
    """Return a window, and fail the test if its pages had an error."""
    context, errors = window
    errors.clear()
    yield context
    for page in context.pages[1:]:
        page.close()
    context.clear_permissions()
    assert not errors


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
