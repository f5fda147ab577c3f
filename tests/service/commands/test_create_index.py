"""create_index, and what an index changes: lists in an order, and refused items."""

import json

import pytest

from picus_api.core.dynamodb import table, table_description
from picus_api.management.commands import create_index
from picus_api.table_setup import IndexSpec, IndexState
from tests.service.commands.conftest import Terminal


def test_index_is_created_once(terminal: Terminal) -> None:
    made, again = terminal("create_index", "status"), terminal("create_index", "status")
    assert (made.code, made.out) == (
        0,
        "Index status-index: created and active. The service uses it within a minute.\n",
    )
    assert (again.code, "exists already" in again.out) == (0, True)
    assert terminal("create_index", "status", "created", "--type", "N").code == 0
    found = {each.name: each for each in described(terminal).indexes}
    assert set(found) == {"status-index", "status-created-index"}
    assert (found["status-created-index"].partition_type, found["status-created-index"].sort_type) == ("S", "N")
    other = terminal("create_index", "status", "created")
    assert (other.code, "created as a key of type N, not S" in other.err) == (1, True)


def described(terminal: Terminal) -> table_description.TableDescription:
    client = terminal.table.meta.client
    return table_description.parse_description(client.describe_table(TableName=terminal.table.name))


@pytest.mark.parametrize("arguments", [("a", "a"), ("a", "--type", "S", "N"), ("a", "--type", "B"), ("",), ()])
def test_wrong_index_is_wrong_usage(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    result = terminal("create_index", *arguments)
    assert (result.code, result.out) == (2, "")


def test_progress_is_shown_until_the_index_is_active(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """ministack's indexes are active at once: these are the states that DynamoDB's have."""
    states = [
        IndexState("CREATING", backfilling, items, 10) for backfilling, items in ((False, 0), (True, 4), (True, 9))
    ]
    asked: list[IndexSpec] = []

    def state(index: IndexSpec) -> IndexState:
        asked.append(index)
        return states[len(asked) - 1] if len(asked) <= len(states) else IndexState("ACTIVE", False, 10, 10)

    monkeypatch.setattr(create_index, "index_state", state)
    monkeypatch.setattr(create_index, "POLL_SECONDS", 0.0)
    assert terminal("create_index", "status").code == 0
    assert len(asked) == len(states) + 1


def test_list_is_sorted_by_an_index(terminal: Terminal) -> None:
    terminal("create_index", "status", "n", "--type", "N")
    for number in (2, 10, 1):
        assert terminal("put_item", "--key", f"k{number}", json.dumps({"status": "open", "n": number})).code == 0
    table_description._cache.forget()
    listed = terminal("list_items", "--filter", 'status = "open"', "--sort=-n", "--limit", "2")
    assert [json.loads(line)["n"] for line in listed.out.splitlines()] == [10, 2]
    refused = terminal("list_items", "--filter", 'status = "open"', "--sort", "name")
    assert (refused.code, "--sort needs an index" in refused.err) == (2, True)
    wrong = terminal("put_item", '{"status": "open", "n": "2"}')
    assert (wrong.code, "takes this value as a number only" in wrong.err) == (1, True)
    lines = terminal("import_items", "-", given='{"status": "open", "n": "x"}\n{"status": "open", "n": 4}\n')
    assert (lines.code, "takes this value as a number only" in lines.err) == (1, True)


def test_create_table_switches_expiry_on(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTL_ATTRIBUTE", "until")
    assert terminal("create_table").code == 0
    found = json.loads(table.call("DescribeTimeToLive"))["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "until")
    terminal("put_item", "--key", "gone", '{"until": 5}')
    assert terminal("get_item", "gone").code == 1
    assert terminal("list_items").out == ""
    assert terminal("count_items").out.strip() == "0"
