"""delete_items and count_items: what is counted, asked, deleted and left."""

import json
import os
import pty
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.dynamodb import resource
from tests.faulty import FaultyProxy
from tests.http_server import Request
from tests.service.commands.conftest import (
    CountingProxy,
    Stop,
    Terminal,
    interrupt,
    kill,
    ndjson,
    wait_for_result,
    wait_for_steps,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ITEMS = [{"object_id": f"k{number}", "n": number, "even": number % 2 == 0} for number in range(60)]


@pytest.fixture
def stocked(terminal: Terminal) -> Terminal:
    """Store sixty items by Picus, and one of another program, which has no version attribute."""
    terminal.file("items.ndjson", ndjson(ITEMS))
    assert terminal("import_items", "items.ndjson").code == 0
    (terminal.folder / "items.ndjson").unlink()
    terminal.table.put_item(Item={"object_id": "foreign", "n": 100})
    return terminal


def keys(table: "Table") -> set[str]:
    return {str(row["object_id"]) for row in table.scan(ConsistentRead=True)["Items"]}


def files(terminal: Terminal) -> list[str]:
    return sorted(path.name for path in terminal.folder.iterdir())


def answer(terminal: Terminal, text: str, *arguments: str) -> tuple[int, str, str]:
    """Run a command at a terminal, type the text at its question, and return status, question and other output."""
    own, other = pty.openpty()
    process = terminal.start(*arguments, stdin=other)
    os.close(other)
    os.write(own, text.encode())
    result = wait_for_result(process)
    os.close(own)
    return result.code, result.out, result.err


@pytest.mark.parametrize(
    ("options", "count", "read"),
    [
        ([], 61, 61),
        (["--filter", "n >= 58"], 3, 61),
        (["--filter", "n > 999", "--segments", "1"], 0, 61),
        (["--estimated"], 61, None),
    ],
)
def test_count_is_a_number_alone(stocked: Terminal, options: list[str], count: int, read: int | None) -> None:
    result = stocked("count_items", *options)
    assert (result.code, result.out) == (0, f"{count}\n")
    assert result.err.startswith(f"{read} items read: " if read else "Estimated: ")
    assert "RCU." in result.err or not read


def test_count_goes_on_after_throttled_and_many_pages(terminal: Terminal) -> None:
    with CountingProxy(terminal.url) as proxy:
        terminal("import_items", "-", given=ndjson({"n": number} for number in range(300)))
        result = terminal("count_items", "--max-rcu", "400", "--segments", "2", url=proxy.url)
    assert (result.code, result.out) == (0, "300\n")
    assert "300 items read: " in result.err
    assert " 300 RCU." in result.err
    scans = [json.loads(request.body) for request in proxy.requests if request.operation == "Scan"]
    assert len(scans) > 2
    assert all(scan["Select"] == "COUNT" for scan in scans)


def test_matching_items_are_deleted_and_no_others(stocked: Terminal) -> None:
    stocked.table.put_item(Item={"object_id": "mine", "picus_version": 7, "n": 101})
    result = stocked("delete_items", "--filter", "even = true OR n >= 100", "--yes", "--threads", "3")
    assert (result.code, result.out) == (0, "")
    found, deleted = result.err.splitlines()
    assert found.startswith("32 items found: ")
    assert deleted.startswith("32 items deleted: ")
    assert keys(stocked.table) == {f"k{number}" for number in range(1, 60, 2)}
    assert files(stocked) == []
    none = stocked("delete_items", "--filter", "even = true", "--yes")
    assert (none.code, none.err.splitlines()[-1]) == (0, "Nothing is left to delete.")
    assert files(stocked) == []


def test_dry_run_counts_and_deletes_nothing(stocked: Terminal) -> None:
    result = stocked("delete_items", "--filter", "even = true", "--dry-run")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("30 items would be deleted; nothing was deleted. Read: ")
    assert len(keys(stocked.table)) == 61
    assert files(stocked) == []


@pytest.mark.parametrize(("text", "left", "code"), [("y\n", 31, 0), ("\n", 61, 1), ("\x04", 61, 1)])
def test_question_names_number_and_table(stocked: Terminal, text: str, left: int, code: int) -> None:
    status, out, err = answer(stocked, text, "delete_items", "--filter", "even = true")
    assert (status, out) == (code, "")
    assert f"Delete 30 items from the table {stocked.table.name}? [y/N] " in err
    assert ("30 items deleted" if code == 0 else "picus: Nothing was deleted.\n") in err
    assert len(keys(stocked.table)) == left
    assert files(stocked) == []


def test_without_a_terminal_yes_is_required(stocked: Terminal) -> None:
    result = stocked.run_process("delete_items", "--filter", "even = true", given=b"y\n")
    assert (result.code, result.out) == (2, "")
    assert result.err == ("picus: There is no terminal to ask at: add --yes to delete, or --dry-run to count only.\n")
    assert len(keys(stocked.table)) == 61


class ChangingProxy(FaultyProxy):
    """Change some of the items after the scan, before the first delete arrives."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal.url)
        self._terminal = terminal
        self._changed = False

    def _forward(self, connection: socket.socket, request: Request) -> bool:
        if request.operation == "DeleteItem" and not self._changed:
            self._changed = True
            table = resource(self._terminal.url).Table(self._terminal.table.name)
            picus = {"picus_version": "v1:" + 32 * "0"}
            table.put_item(Item={"object_id": "k0", "even": True, **picus})
            table.update_item(
                Key={"object_id": "k2"}, UpdateExpression="SET even = :no", ExpressionAttributeValues={":no": False}
            )
            table.delete_item(Key={"object_id": "k4"})
            table.put_item(Item={"object_id": "late", "even": True})
        return super()._forward(connection, request)


def test_changed_items_are_left_and_counted(stocked: Terminal) -> None:
    """One item was written again by Picus and still matches, one was changed in place, one is gone, one is new."""
    with ChangingProxy(stocked) as proxy:
        result = stocked("delete_items", "--filter", "even = true", "--yes", "--threads", "1", url=proxy.url)
    assert result.code == 0
    assert "27 items deleted, 2 left because they changed, 1 gone already: " in result.err
    odd = {f"k{number}" for number in range(1, 60, 2)}
    assert keys(stocked.table) == odd | {"k0", "k2", "late", "foreign"}


def test_filter_true_for_missing_items_deletes_exactly(stocked: Terminal) -> None:
    """A negated filter is true for a missing item as well: an item that is gone is not counted as deleted."""
    with ChangingProxy(stocked) as proxy:
        filter_text = "NOT even = false AND NOT n = 100"
        result = stocked("delete_items", "--filter", filter_text, "--yes", "--threads", "1", url=proxy.url)
    assert "27 items deleted, 2 left because they changed, 1 gone already: " in result.err


@pytest.mark.parametrize("stop", [kill, interrupt])
def test_deletion_continues_after_any_end(terminal: Terminal, stop: Stop) -> None:
    terminal.file("items.ndjson", ndjson({"n": number} for number in range(600)))
    assert terminal("import_items", "items.ndjson").code == 0
    checkpoint = terminal.folder / f"{terminal.table.name}.delete-checkpoint"
    command = ["delete_items", "--filter", "n >= 100", "--yes"]
    process = terminal.start(*command, "--threads", "2", "--max-wcu", "300")
    wait_for_steps(checkpoint, 4, process)
    result = stop(process)
    if stop is not kill:
        assert result.code == 1
        assert "items are deleted; run the same command again to continue." in result.err
        assert result.err.endswith("picus: Interrupted.\n")
    other = terminal("delete_items", "--filter", "n >= 0", "--yes")
    assert (other.code, len(terminal.rows()) > 100) == (2, True)
    assert "its filter is 'n >= 100', not 'n >= 0'" in other.err
    # Matches now, but was not in the list.
    terminal.table.put_item(Item={"object_id": "late", "n": 100, "picus_version": "v1:" + 32 * "0"})
    last = terminal(*command)
    assert last.code == 0
    assert "Continuing a deletion: " in last.err
    assert stop is kill or "gone" not in last.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(101))
    assert files(terminal) == ["items.ndjson"]


def test_scan_of_a_deletion_continues(terminal: Terminal) -> None:
    terminal.file("items.ndjson", ndjson({"n": number} for number in range(600)))
    assert terminal("import_items", "items.ndjson").code == 0
    name = f"{terminal.table.name}.delete-checkpoint"
    command = ["delete_items", "--filter", "n >= 100", "--yes", "--segments", "2"]
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start(*command, "--max-rcu", "200", url=proxy.url)
        wait_for_steps(terminal.folder / f"{name}.matching", 4, process)
        stopped = interrupt(process)
        assert stopped.code == 1
        assert "Nothing is deleted yet; run the same command again to continue the search." in stopped.err
        before = len(proxy.requests)
        last = terminal(*command, url=proxy.url)
        first = next(request for request in proxy.requests[before:] if request.operation == "Scan")
    assert last.code == 0, last.err
    assert "ExclusiveStartKey" in json.loads(first.body)
    assert "500 items found: " in last.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(100))
    assert files(terminal) == ["items.ndjson"]


def test_outage_and_throttling_of_deletes(stocked: Terminal) -> None:
    command = ["delete_items", "--filter", "even = true", "--yes", "--threads", "2"]
    with FaultyProxy(stocked.url, operations=("DeleteItem",)) as proxy:
        proxy.faults.extend(["throttled"] * 6 + ["closed after"] * 2 + ["none"] * 10 + ["500 before"] * 100)
        failed = stocked(*command, url=proxy.url)
        assert failed.code == 1
        assert "can't be reached" in failed.err
        assert "items are deleted; run the same command again to continue." in failed.err
        proxy.faults.clear()
        assert stocked(*command, url=proxy.url).code == 0
    assert len(keys(stocked.table)) == 31
    assert files(stocked) == []


def test_limit_of_write_units_holds_for_deletes(stocked: Terminal) -> None:
    started = time.monotonic()
    assert stocked("delete_items", "--filter", "n >= 0", "--yes", "--max-wcu", "25").code == 0
    assert time.monotonic() - started > 1.2
    assert keys(stocked.table) == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["delete_items"], "required: --filter"),
        (["delete_items", "--filter", "", "--yes"], "--filter is empty"),
        (["delete_items", "--filter", "n >", "--yes"], "--filter is wrong at character 4"),
        (["delete_items", "--filter", "n = 1", "--yes", "--checkpoint", "no/c"], "No such file or directory"),
        (["count_items", "--filter", "n >"], "--filter is wrong at character 4"),
        (["count_items", "--filter", "n = 1", "--estimated"], "An estimate is for the whole table"),
    ],
)
def test_wrong_option_is_a_usage_error(stocked: Terminal, arguments: list[str], message: str) -> None:
    result = stocked(*arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert len(keys(stocked.table)) == 61
    assert files(stocked) == []


def test_lost_list_is_an_error(stocked: Terminal) -> None:
    command = ["delete_items", "--filter", "n >= 0", "--yes", "--checkpoint", "c"]
    checkpoint = stocked.file("c", "")
    header = {"operation": "delete", "table": stocked.table.name, "endpoint": stocked.url, "filter": "n >= 0"}
    checkpoint.write_text(json.dumps(header) + '\n{"matched": 5}\n')
    result = stocked(*command)
    assert (result.code, result.out) == (2, "")
    assert "c.keys: start again with --restart" in result.err
    assert stocked(*command, "--restart").code == 0
    assert keys(stocked.table) == set()
