"""curl lines of forms send what the form would send: typed text and key included."""

import subprocess

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import editor, open_item, unfold
from tests.contract.client import Client
from tests.contract.exact import Number

# Characters with a meaning in a shell, for curl, or for HTML.
AWKWARD = '{"it\'s": "$HOME `id` \\\\ ! @ {a,b} [1] <b> ü", "n": 1.10}'


def run(page: Page, name: str) -> str:
    """Run a curl line of the page in a shell and return the response."""
    line = page.locator(f"#curl-{name}").text_content() or ""
    assert line.startswith("curl ")
    command = ["bash", "-c", line.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (line, done)
    return done.stdout


def test_create_line_sends_the_typed_item(page: Page, client: Client) -> None:
    page.goto("/picus/put")
    assert '"name": "x"' in (page.locator("#curl-create").text_content() or "")
    editor(page, "Item, a JSON object").fill(AWKWARD)
    key = run(page, "create").split('"')[3]
    assert client.fetch(key) == client_value(client, AWKWARD)


def client_value(client: Client, text: str) -> object:
    """Return the stored form of a text."""
    return client.fetch(client.store(text))


@pytest.mark.parametrize("key", ["plain", "it's/[a] {b}?#&%ü *"])
def test_create_line_has_the_typed_key(page: Page, client: Client, key: str) -> None:
    client.delete(key)
    page.goto("/picus/put")
    page.get_by_label("Key (optional").fill(key)
    editor(page, "Item, a JSON object").fill('@{"n": 1}')
    assert "'@{" in (page.locator("#curl-create").text_content() or "")
    editor(page, "Item, a JSON object").fill('{"n": 1}')
    run(page, "create")
    assert client.fetch(key) == {"n": Number("1")}


def test_replace_and_patch_lines_send_the_typed_text(page: Page, client: Client) -> None:
    key = client.store('{"n": 1, "exact": 12345678901234567890123}')
    open_item(page, key)
    part = unfold(page, "Replace")
    text = part.locator("#replacement").input_value()
    editor(part, "The whole item").fill(text.replace('"n": 1', '"n": 2'))
    run(page, "replace")
    assert client.fetch(key) == {"n": Number("2"), "exact": Number("12345678901234567890123")}
    open_item(page, key)
    editor(unfold(page, "Patch"), "Changes").fill('{"n": null}')
    run(page, "patch")
    assert client.fetch(key).keys() == {"exact"}


def test_delete_line_deletes_only_the_item_on_the_page(page: Page, client: Client) -> None:
    key = client.store('{"n": 1}')
    open_item(page, key)
    client.patch(key, '{"n": 2}')
    with pytest.raises(AssertionError, match="412"):
        run(page, "delete")
    page.reload()
    run(page, "delete")
    assert client.get(key).status == 404


def test_long_bodies_are_a_file(page: Page) -> None:
    page.goto("/picus/put")
    editor(page, "Item, a JSON object").fill(f'{{"text": "{"x" * 50_000}"}}')
    expect(page.locator("#curl-create")).to_contain_text("--data-binary @item.json")
