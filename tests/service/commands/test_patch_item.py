"""patch_item and get_item --etag."""

import json
from decimal import Decimal

import pytest

from tests.service.commands.conftest import Terminal

ITEM = '{"name": "x", "price": 12345678901234567890.10, "deep": {"a": 1, "b": null}}'


@pytest.fixture
def item(terminal: Terminal) -> Terminal:
    assert terminal("put_item", "--key", "a/b ü", ITEM).code == 0
    return terminal


def test_patch_from_every_source_is_merged_exactly(item: Terminal) -> None:
    item.file("patch.json", '{"deep": {"b": [1.50]}}')
    first = item("patch_item", "a/b ü", '{"name": null, "new": 1e-5}')
    assert (first.code, first.err) == (0, "")
    assert item("patch_item", "a/b ü", "--file", "patch.json").code == 0
    last = item("patch_item", "a/b ü", given='{"deep": {"a": null}}')
    assert last.out == item("get_item", "a/b ü").out
    assert last.out.startswith('{"object_id":"a/b ü",')
    assert "12345678901234567890.1," in last.out
    expected = {"price": Decimal("12345678901234567890.1"), "new": Decimal("0.00001"), "deep": {"b": [Decimal("1.5")]}}
    assert item.rows() == [{"object_id": "a/b ü", **expected}]


def test_if_match_admits_the_current_etag_only(item: Terminal) -> None:
    tag = item("get_item", "--etag", "a/b ü").out.strip()
    assert (tag[0], tag[-1]) == ('"', '"')
    assert item("patch_item", "a/b ü", "--if-match", tag, '{"n": 1}').code == 0
    for stale in (tag, tag.strip('"')):
        refused = item("patch_item", "a/b ü", "--if-match", stale, '{"n": 2}')
        assert (refused.code, refused.out) == (1, "")
        assert refused.err == 'picus: Item with key "a/b ü" has changed: get it again.\n'
    current = item("get_item", "--etag", "a/b ü").out.strip().strip('"')
    assert item("patch_item", "a/b ü", "--if-match", current, '{"n": 3}').code == 0
    assert item("patch_item", "a/b ü", "--if-match", "*", '{"n": 4}').code == 0
    assert item.rows()[0]["n"] == 4


def test_key_may_start_with_a_dash(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "-k"})
    assert terminal("patch_item", "--if-match", "*", "--", "-k", '{"n": 1}').out == '{"object_id":"-k","n":1}\n'


def test_dry_run_prints_the_item_and_writes_nothing(item: Terminal) -> None:
    result = item("patch_item", "--dry-run", "a/b ü", '{"n": 1}')
    assert (result.code, result.err) == (0, "The item can be patched; nothing was written.\n")
    assert json.loads(result.out)["n"] == 1
    assert "n" not in item.rows()[0]
    stale = item("patch_item", "--dry-run", "a/b ü", '{"n": 1}', "--if-match", "x")
    assert (stale.code, "has changed" in stale.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["none", "{}"], 1, 'Item with key "none" not found.'),
        (["none", "{}", "--dry-run"], 1, 'Item with key "none" not found.'),
        (["none", "{}", "--if-match", "*"], 1, "is not there to match"),
        (["a/b ü", "[1]"], 1, "The patch must be a JSON object, not an array."),
        (["a/b ü", '{"n": [1e999]}'], 1, "(at /n/0)"),
        (["a/b ü", '{"object_id": "other"}'], 1, "leave it out. (at /object_id)"),
        (["a/b ü", '{"object_id": "other"}', "--dry-run"], 1, "leave it out. (at /object_id)"),
        (["a/b ü", "{}", "--file", "x"], 2, "The patch is given twice"),
        (["a/b ü", "--file", "none"], 2, "The patch can't be read: none: No such file or directory."),
        (["a/b ü", "{}", "--if-match", '"x'], 2, "--if-match must be *, or an ETag"),
        ([], 2, "required: key"),
    ],
)
def test_errors_change_nothing(item: Terminal, arguments: list[str], code: int, said: str) -> None:
    result = item("patch_item", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert sorted(item.rows()[0]) == ["deep", "name", "object_id", "price"]
