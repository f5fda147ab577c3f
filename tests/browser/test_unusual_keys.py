"""Keys and values with bidirectional controls, without visible characters, or with a meaning for browsers."""

import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.actions import create, open_item, patch, replace, shown_item, unfold
from tests.contract.client import Client

# Text after this character reads backwards.
REVERSED = "\u202e"
REVERSING = "".join(map(chr, (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
NAME = f"to {REVERSED}eciB"
SEEN = r"to \u202eeciB"
DOTS = "Another path of the service has this name: choose another key."
SHOWN = """[document.title, document.body.innerText,
  ...[...document.querySelectorAll("textarea")].map((area) => area.value)].join("")"""


def bidi_controls(page: Page) -> str:
    """Return the bidirectional control characters in the text of the page."""
    shown = page.evaluate(SHOWN)
    return "".join(character for character in shown if character in REVERSING)


def test_bidi_controls_are_escaped_and_stored_unchanged(page: Page, client: Client) -> None:
    client.replace(NAME, json.dumps({"all": REVERSING, NAME: 1}))
    open_item(page, NAME)
    expect(page.get_by_role("heading", level=1)).to_have_text(SEEN)
    assert json.loads(shown_item(page)) == {"object_id": NAME, "all": REVERSING, NAME: 1}
    assert bidi_controls(page) == ""
    text = unfold(page, "Replace").locator("#replacement").input_value()
    page.locator("summary", has_text="Replace").click()
    replace(page, text.replace(": 1", ": 2"))
    expect(page.get_by_text("Replaced.")).to_be_visible()
    assert json.loads(client.get(NAME).body) == {"object_id": NAME, "all": REVERSING, NAME: 2}


def test_bidi_controls_are_escaped_in_lists_and_messages(page: Page, client: Client) -> None:
    client.replace(NAME, json.dumps({"all": REVERSING}))
    page.goto("/picus/list?limit=1000")
    assert bidi_controls(page) == ""
    link = page.get_by_role("list", name="Items on this page").get_by_role("link", name=SEEN)
    expect(link).to_have_css("unicode-bidi", "isolate")
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SEEN)
    page.goto("/picus/put")
    create(page, "{}", NAME)
    expect(page.get_by_role("alert")).to_have_text(f'Item with key "{SEEN}" exists already')
    client.delete(NAME)
    open_item(page, NAME)
    expect(page.get_by_role("alert")).to_have_text(f'Item with key "{SEEN}" not found')
    assert bidi_controls(page) == ""


def test_bidi_controls_are_escaped_in_conflicts(page: Page, client: Client) -> None:
    key = client.store("{}")
    open_item(page, key)
    client.replace(key, json.dumps({"theirs": REVERSED}))
    patch(page, '{"mine": 1}')
    expect(page.get_by_label("The stored item")).to_contain_text(r'"\u202e"')


def test_invisible_keys_are_shown_as_json_strings(page: Page, client: Client) -> None:
    keys = {"a   b": "a   b", **{key: json.dumps(key) for key in (" ", " \n\t ", "\u200b")}}
    for key in keys:
        client.replace(key, '{"found": true}')
    for key, shown in keys.items():
        page.goto("/picus/list?limit=1000")
        link = page.get_by_role("link").filter(has_text=re.compile(f"^{re.escape(shown)}$"))
        assert link.inner_text() == shown
        link.click()
        expect(page.get_by_label("The item", exact=True)).to_contain_text('"found": true')
        assert page.get_by_role("heading", level=1).inner_text() == shown
        client.delete(key)


def test_dot_segment_keys_are_refused_before_sending(page: Page) -> None:
    sent = list[str]()
    page.on("request", lambda request: sent.append(urlsplit(request.url).path))
    for target in ("/picus/put", "/"):
        page.goto(target)
        for key in (".", ".."):
            if target == "/":
                page.get_by_label("Key", exact=True).fill(key)
                page.get_by_role("button", name="Open").click()
            else:
                create(page, "{}", key)
            expect(page.get_by_role("alert")).to_have_text(DOTS)
    assert [path for path in sent if path.startswith("/picus/")] == ["/picus/put"]
    page.get_by_label("Key", exact=True).fill("absent")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_have_text('Item with key "absent" not found')
