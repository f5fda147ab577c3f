"""Imports and exports that end early go on: nothing is lost, nothing is written twice."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.faulty import FaultyProxy
from tests.service.commands.conftest import (
    CountingProxy,
    Result,
    Terminal,
    ended,
    interrupt,
    kill,
    ndjson,
    noted,
    terminate,
)

ITEMS = 3000
TEXT = ndjson({"n": number, "text": "x" * 500} for number in range(ITEMS))
Stop = Callable[["subprocess.Popen[bytes]"], Result]


def put_numbers(proxy: FaultyProxy) -> Counter[str]:
    """How often each item was sent to DynamoDB."""
    bodies = [json.loads(request.body) for request in proxy.requests if request.operation == "BatchWriteItem"]
    batches = [batch for body in bodies for batch in body["RequestItems"].values()]
    return Counter(put["PutRequest"]["Item"]["n"]["N"] for batch in batches for put in batch)


@pytest.mark.parametrize(("stop", "repeated"), [(kill, 4 * 25), (interrupt, 0), (terminate, 0)])
def test_an_import_goes_on_after_any_end(terminal: Terminal, stop: Stop, repeated: int) -> None:
    """What was under way when the process was killed is written again, as it was: the keys of its items stay."""
    terminal.file("items.ndjson", TEXT)
    checkpoint = terminal.folder / "items.ndjson.import-checkpoint"
    with FaultyProxy(terminal.url) as proxy:
        for steps in (10, 40):
            process = terminal.start("import_items", "items.ndjson", "--threads", "4", url=proxy.url)
            noted(checkpoint, steps, process)
            result = stop(process)
            if stop is not kill:
                assert result.code == 1
                assert "items are imported; run the same command again to go on." in result.err
                assert result.err.endswith("CommandError: Interrupted.\n")
        last = terminal("import_items", "items.ndjson", url=proxy.url)
    assert last.code == 0
    assert "Going on with the import" in last.err
    assert "were imported before)" in last.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(ITEMS))
    counts = put_numbers(proxy)
    assert len(counts) == ITEMS
    assert counts.total() <= ITEMS + 2 * repeated
    assert not checkpoint.exists()


@pytest.mark.parametrize("stop", [kill, interrupt])
@pytest.mark.parametrize("name", ["x.ndjson", "x.json.gz"])
def test_an_export_goes_on_after_any_end(terminal: Terminal, stop: Stop, name: str) -> None:
    terminal.file("items.ndjson", TEXT)
    assert terminal("import_items", "items.ndjson").code == 0
    command = ["export_items", name, "--segments", "2"]
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start(*command, "--max-rcu", "1000", url=proxy.url)
        noted(terminal.folder / f"{name}.export-checkpoint", 5, process)
        stop(process)
        # What a page that was being written leaves behind.
        with (terminal.folder / f"{name}.part").open("ab") as part:
            part.write(b'{"half of')
        assert not (terminal.folder / name).exists()
        result = terminal(*command, url=proxy.url)
    assert result.code == 0, result.err
    assert "were exported before)" in result.err
    again = terminal("import_items", name, "--dry-run")
    assert "3,000 items are fit to be imported" in again.err
    terminal.file("items.ndjson", b"")
    assert terminal("export_items", "whole.ndjson").code == 0
    if name == "x.ndjson":
        pages = [sorted((terminal.folder / file).read_text().splitlines()) for file in (name, "whole.ndjson")]
        assert [json.loads(line)["n"] for line in pages[0]] == [json.loads(line)["n"] for line in pages[1]]
    assert sorted(path.name for path in terminal.folder.iterdir()) == sorted({"items.ndjson", "whole.ndjson", name})


def test_a_checkpoint_serves_one_process_at_a_time_and_one_table(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    checkpoint = terminal.folder / "items.ndjson.import-checkpoint"
    process = terminal.start("import_items", "items.ndjson", "--max-wcu", "100")
    noted(checkpoint, 1, process)
    second = terminal("import_items", "items.ndjson")
    assert second.code == 2
    assert "Another process is using the checkpoint" in second.err
    interrupt(process)
    other = terminal("import_items", "items.ndjson", url=terminal.url.replace("127.0.0.1", "localhost"))
    assert other.code == 2
    assert "belongs to another run: its endpoint is" in other.err
    checkpoint.write_text("[]\n")
    assert "is not a checkpoint" in terminal("import_items", "items.ndjson").err


def test_an_export_does_not_go_on_with_a_file_that_lost_something(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    terminal("import_items", "items.ndjson")
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start("export_items", "x.ndjson", "--max-rcu", "1000", url=proxy.url)
        noted(terminal.folder / "x.ndjson.export-checkpoint", 5, process)
        interrupt(process)
        (terminal.folder / "x.ndjson.part").write_text("")
        result = terminal("export_items", "x.ndjson", url=proxy.url)
        assert result.code == 1
        assert "begin anew with --restart" in result.err
        assert terminal("export_items", "x.ndjson", "--restart", url=proxy.url).code == 0
    assert len((terminal.folder / "x.ndjson").read_text().splitlines()) == ITEMS


def test_an_import_from_standard_input_goes_on_with_a_named_checkpoint(terminal: Terminal) -> None:
    command = ["import_items", "-", "--checkpoint", "c"]
    process = terminal.start(*command, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(TEXT[: len(TEXT) // 2].encode())
    process.stdin.flush()
    noted(terminal.folder / "c", 3, process)
    process.kill()
    ended(process)
    assert terminal(*command, given=TEXT).code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(ITEMS))


def test_an_impatient_second_interrupt_leaves_at_once_and_loses_nothing(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    process = terminal.start("import_items", "items.ndjson", "--max-wcu", "100")
    noted(terminal.folder / "items.ndjson.import-checkpoint", 2, process)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    # The last one may find Python gone.
    assert ended(process).code in (1, -signal.SIGINT)
    assert terminal("import_items", "items.ndjson").code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(ITEMS))


@pytest.mark.parametrize("content", ['{"a": 1}', "one\ntwo, without its end", '{"operation": "im'])
@pytest.mark.parametrize("more", [[], ["--restart"]])
def test_a_file_that_is_no_checkpoint_stays_as_it_is(terminal: Terminal, content: str, more: list[str]) -> None:
    file = terminal.file("mine", content)
    terminal.file("items.ndjson", '{"n": 1}\n')
    for command in (["import_items", "items.ndjson"], ["export_items", "x.ndjson"]):
        result = terminal(*command, "--checkpoint", "mine", *more)
        if content.startswith('{"operation"'):
            assert result.code == 0, result
            file.write_text(content)
            continue
        assert result.code == 2
        assert "mine is not a checkpoint" in result.err
        assert file.read_text() == content


def test_a_damaged_checkpoint_says_so(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT + "oops\n")
    terminal("import_items", "items.ndjson")
    with (terminal.folder / "items.ndjson.import-checkpoint").open("a") as checkpoint:
        checkpoint.write("0 zz\n")
    result = terminal("import_items", "items.ndjson")
    assert result.code == 2
    assert "is damaged: begin anew with --restart" in result.err


def test_an_export_does_not_become_strict_or_lossy_on_its_way(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    terminal("import_items", "items.ndjson")
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start("export_items", "x.ndjson", "--max-rcu", "1000", "--lossy", url=proxy.url)
        noted(terminal.folder / "x.ndjson.export-checkpoint", 5, process)
        interrupt(process)
        result = terminal("export_items", "x.ndjson", url=proxy.url)
    assert result.code == 2
    assert "its lossy is True, not False" in result.err
