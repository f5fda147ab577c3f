"""Imports and exports that end early are resumed: no item is lost, and none is written twice."""

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
    interrupt,
    kill,
    ndjson,
    terminate,
    wait_for_result,
    wait_for_steps,
)

ITEMS = 3000
TEXT = ndjson({"n": number, "text": "x" * 500} for number in range(ITEMS))
Stop = Callable[["subprocess.Popen[bytes]"], Result]


def put_numbers(proxy: FaultyProxy) -> Counter[str]:
    """Return how often each item was sent to DynamoDB."""
    bodies = [json.loads(request.body) for request in proxy.requests if request.operation == "BatchWriteItem"]
    batches = [batch for body in bodies for batch in body["RequestItems"].values()]
    return Counter(put["PutRequest"]["Item"]["n"]["N"] for batch in batches for put in batch)


@pytest.mark.parametrize(("stop", "repeated"), [(kill, 4 * 25), (interrupt, 0), (terminate, 0)])
def test_import_resumes_after_any_end(terminal: Terminal, stop: Stop, repeated: int) -> None:
    """Only the batches that were being written at a kill are written again, under the same keys."""
    terminal.file("items.ndjson", TEXT)
    checkpoint = terminal.folder / "items.ndjson.import-checkpoint"
    with FaultyProxy(terminal.url) as proxy:
        for steps in (10, 40):
            process = terminal.start("import_items", "items.ndjson", "--threads", "4", url=proxy.url)
            wait_for_steps(checkpoint, steps, process)
            result = stop(process)
            if stop is not kill:
                assert result.code == 1
                assert "items are imported; run the same command again to continue." in result.err
                assert result.err.endswith("picus: Interrupted.\n")
        last = terminal("import_items", "items.ndjson", url=proxy.url)
    assert last.code == 0
    assert "Continuing the import" in last.err
    assert "were imported before)" in last.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(ITEMS))
    counts = put_numbers(proxy)
    assert len(counts) == ITEMS
    assert counts.total() <= ITEMS + 2 * repeated
    assert not checkpoint.exists()


@pytest.mark.parametrize("stop", [kill, interrupt])
@pytest.mark.parametrize("name", ["x.ndjson", "x.json.gz"])
def test_export_resumes_after_any_end(terminal: Terminal, stop: Stop, name: str) -> None:
    terminal.file("items.ndjson", TEXT)
    assert terminal("import_items", "items.ndjson").code == 0
    command = ["export_items", name, "--segments", "2"]
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start(*command, "--max-rcu", "1000", url=proxy.url)
        wait_for_steps(terminal.folder / f"{name}.export-checkpoint", 5, process)
        stop(process)
        # A kill in the middle of a page leaves a part of it.
        with (terminal.folder / f"{name}.part").open("ab") as part:
            part.write(b'{"half of')
        assert not (terminal.folder / name).exists()
        result = terminal(*command, url=proxy.url)
    assert result.code == 0, result.err
    assert "were exported before)" in result.err
    again = terminal("import_items", name, "--dry-run")
    assert "3,000 items can be imported" in again.err
    terminal.file("items.ndjson", b"")
    assert terminal("export_items", "whole.ndjson").code == 0
    if name == "x.ndjson":
        pages = [sorted((terminal.folder / file).read_text().splitlines()) for file in (name, "whole.ndjson")]
        assert [json.loads(line)["n"] for line in pages[0]] == [json.loads(line)["n"] for line in pages[1]]
    assert sorted(path.name for path in terminal.folder.iterdir()) == sorted({"items.ndjson", "whole.ndjson", name})


def test_checkpoint_serves_one_process_and_one_table(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    checkpoint = terminal.folder / "items.ndjson.import-checkpoint"
    process = terminal.start("import_items", "items.ndjson", "--max-wcu", "100")
    wait_for_steps(checkpoint, 1, process)
    second = terminal("import_items", "items.ndjson")
    assert second.code == 2
    assert "Another process is using the checkpoint" in second.err
    interrupt(process)
    other = terminal("import_items", "items.ndjson", url=terminal.url.replace("127.0.0.1", "localhost"))
    assert other.code == 2
    assert "belongs to another run: its endpoint is" in other.err
    checkpoint.write_text("[]\n")
    assert "is not a checkpoint" in terminal("import_items", "items.ndjson").err


def test_export_does_not_continue_a_file_that_lost_bytes(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    terminal("import_items", "items.ndjson")
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start("export_items", "x.ndjson", "--max-rcu", "1000", url=proxy.url)
        wait_for_steps(terminal.folder / "x.ndjson.export-checkpoint", 5, process)
        interrupt(process)
        (terminal.folder / "x.ndjson.part").write_text("")
        result = terminal("export_items", "x.ndjson", url=proxy.url)
        assert result.code == 1
        assert "start again with --restart" in result.err
        assert terminal("export_items", "x.ndjson", "--restart", url=proxy.url).code == 0
    assert len((terminal.folder / "x.ndjson").read_text().splitlines()) == ITEMS


def test_standard_input_resumes_with_a_named_checkpoint(terminal: Terminal) -> None:
    command = ["import_items", "-", "--checkpoint", "c"]
    process = terminal.start(*command, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(TEXT[: len(TEXT) // 2].encode())
    process.stdin.flush()
    wait_for_steps(terminal.folder / "c", 3, process)
    process.kill()
    wait_for_result(process)
    assert terminal(*command, given=TEXT).code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(ITEMS))


def test_second_interrupt_exits_at_once_and_loses_nothing(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    process = terminal.start("import_items", "items.ndjson", "--max-wcu", "100")
    wait_for_steps(terminal.folder / "items.ndjson.import-checkpoint", 2, process)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    # Python may have exited before the last signal.
    assert wait_for_result(process).code in (1, -signal.SIGINT)
    assert terminal("import_items", "items.ndjson").code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(ITEMS))


@pytest.mark.parametrize("option", [[], ["--restart"]])
def test_file_that_is_no_checkpoint_is_kept(terminal: Terminal, option: list[str]) -> None:
    file = terminal.file("mine", '{"a": 1}')
    terminal.file("items.ndjson", '{"n": 1}\n')
    for command in (["import_items", "items.ndjson"], ["export_items", "x.ndjson"]):
        result = terminal(*command, "--checkpoint", "mine", *option)
        assert result.code == 2
        assert "mine is not a checkpoint" in result.err
    assert file.read_text() == '{"a": 1}'


def test_export_is_not_resumed_with_other_options(terminal: Terminal) -> None:
    terminal.file("items.ndjson", TEXT)
    terminal("import_items", "items.ndjson")
    with CountingProxy(terminal.url) as proxy:
        process = terminal.start("export_items", "x.ndjson", "--max-rcu", "1000", "--lossy", url=proxy.url)
        wait_for_steps(terminal.folder / "x.ndjson.export-checkpoint", 5, process)
        interrupt(process)
        result = terminal("export_items", "x.ndjson", url=proxy.url)
    assert result.code == 2
    assert "its lossy is True, not False" in result.err
