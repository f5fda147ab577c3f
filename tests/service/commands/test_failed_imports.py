"""Imports that fail in the middle: no record is lost or written twice, and the error says where."""

import gzip
import json
import re
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from tests.service.commands.conftest import Terminal, ndjson, wait_for_result

GOOD = [{"n": number} for number in range(120)]
LINES = ndjson(GOOD)


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_first_bad_record_is_named_and_nothing_written(terminal: Terminal, option: list[str]) -> None:
    terminal.file("bad", '{"a":1}\n{"b":[1e300]}\n')
    result = terminal("import_items", "bad", *option)
    assert (result.code, result.out) == (1, "")
    assert "bad, line 2: The number is too large" in result.err
    assert result.err.endswith("(at /b/0)\n")
    assert "are imported" not in result.err
    assert terminal.rows() == []
    assert [path.name for path in terminal.folder.iterdir()] == ["bad"]


def test_corrected_file_continues_after_the_bad_record(terminal: Terminal) -> None:
    lines = LINES.splitlines(keepends=True)
    terminal.file("items.ndjson", "".join([*lines[:80], '{"n": oops}\n', *lines[81:]]))
    first = terminal("import_items", "items.ndjson")
    assert first.code == 1
    assert "items.ndjson, line 81: " in first.err
    assert "75 items are imported; run the same command again to continue." in first.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(75))
    terminal.file("items.ndjson", LINES)
    second = terminal("import_items", "items.ndjson")
    assert second.code == 0
    assert "45 items imported (75 more were imported before)" in second.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(120))


def test_changed_text_is_refused(terminal: Terminal) -> None:
    terminal.file("items.ndjson", LINES + "oops\n")
    assert terminal("import_items", "items.ndjson").code == 1
    terminal.file("items.ndjson", '{"n": -1}\n' + LINES)
    changed = terminal("import_items", "items.ndjson")
    assert changed.code == 1
    assert "items.ndjson, line 1: The text has changed since it was imported" in changed.err
    assert terminal("import_items", "items.ndjson", "--restart").code == 0
    assert len(terminal.rows()) == 100 + 121


def test_file_that_lost_imported_records_is_refused(terminal: Terminal) -> None:
    terminal.file("items.ndjson", LINES + "oops\n")
    assert terminal("import_items", "items.ndjson").code == 1
    terminal.file("items.ndjson", ndjson(GOOD[:50]))
    short = terminal("import_items", "items.ndjson")
    assert short.code == 1
    assert "lack records that were imported before" in short.err
    terminal.file("items.ndjson", LINES)
    assert terminal("import_items", "items.ndjson").code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(120))


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", ["ndjson", "json"])
def test_cut_file_can_be_replaced_by_the_whole_one(terminal: Terminal, kind: str, zipped: bool) -> None:
    text = (LINES if kind == "ndjson" else json.dumps(GOOD, indent=0)).encode()
    # Stored without compression, so that a cut file has most of its lines.
    whole = gzip.compress(text, 0) if zipped else text
    terminal.file("items", whole[: len(whole) * 2 // 3])
    cut = terminal("import_items", "items", "--checkpoint", "checkpoint")
    assert cut.code == 1
    assert "picus: items, line " in cut.err
    imported = len(terminal.rows())
    assert imported in (50, 75)
    assert f"{imported} items are imported; run the same command again to continue." in cut.err
    terminal.file("items", whole)
    assert terminal("import_items", "items", "--checkpoint", "checkpoint").code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(120))


@pytest.mark.parametrize("start", [b'{"a":"', b'[{"a":"', b'[{"a":[', b'{"Item":{"a":{"S":"'])
def test_gzip_bomb_is_refused_in_bounded_memory(terminal: Terminal, start: bytes) -> None:
    packer = zlib.compressobj(9, wbits=31)
    filler = b"x" * 2**20 if start.endswith(b'"') else b"[" * 2**20
    parts = [packer.compress(part) for part in [start, *[filler] * 320]]
    terminal.file("bomb.gz", b"".join(parts) + packer.flush())
    process = terminal.start("import_items", "bomb.gz")
    peak_kb = 0
    with suppress(FileNotFoundError):  # The process has ended.
        while found := re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text()):
            peak_kb = max(peak_kb, *map(int, found))
            time.sleep(0.01)
    result = wait_for_result(process)
    assert result.code == 1
    assert "bomb.gz, line 1: The record is longer than 4,194,304 bytes" in result.err
    # Unpacked, the file has 320 MB.
    assert 0 < peak_kb < 200 * 1024
    assert terminal.rows() == []


def test_refused_item_is_found_in_its_batch(terminal: Terminal) -> None:
    items = [{"n": number, "text": "x" * (410_000 if number == 40 else 10)} for number in range(60)]
    terminal.file("items.ndjson", ndjson(items))
    result = terminal("import_items", "items.ndjson", "--threads", "1")
    assert result.code == 1
    assert "picus: items.ndjson, line 41: The item is larger than the 400 KB that DynamoDB holds." in result.err
    skipping = terminal("import_items", "items.ndjson", "--restart", "--on-conflict", "skip")
    assert "items.ndjson, line 41: " in skipping.err


def test_largest_item_is_stored_without_a_version(terminal: Terminal) -> None:
    item = {"object_id": "k", "a": "x" * (400 * 1024 - len("object_id" + "k" + "a"))}
    terminal.file("items.ndjson", ndjson([item]))
    assert terminal("import_items", "items.ndjson").code == 0
    assert terminal("put_item", "--file", "items.ndjson", "--key", "l").code == 0
    rows = terminal.table.scan(ConsistentRead=True)["Items"]
    assert sorted((row["object_id"], *sorted(row)) for row in rows) == [(key, "a", "object_id") for key in "kl"]


def test_large_items_are_sent_in_requests_that_fit(terminal: Terminal) -> None:
    items = [{"n": number, "text": "x" * 390_000} for number in range(30)]
    assert terminal("import_items", "-", given=ndjson(items)).code == 0
    assert sorted(int(row["n"]) for row in terminal.rows()) == list(range(30))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import_items"], "required: FILE"),
        (["import_items", "nowhere.ndjson"], "no file nowhere.ndjson"),
        (["import_items", "-", "-"], "once only"),
        (["import_items", "-", "--threads", "0"], "above 0"),
        (["import_items", "-", "--max-wcu", "nan"], "above 0"),
        (["import_items", "-", "--format", "csv"], "invalid choice"),
        (["export_items", "x.tsv"], "end it with .ndjson, .jsonl, .json or .csv, with .gz after it to compress"),
        (["export_items", "x.tsv.gz"], "x.tsv.gz does not say a format"),
        (["export_items", "x.csv"], "CSV needs columns: name them with --fields, for example"),
        (["export_items", "--format", "csv"], "CSV needs columns"),
        (["export_items", "x.csv", "--fields", "a,"], "--fields is wrong at character 3"),
        (["export_items", "--filter", ""], "--filter is empty: leave it out."),
        (["export_items", "--filter", "n ="], "--filter is wrong at character 4"),
        (["export_items", "x.parquet", "--dry-run"], "does not say a format"),
        (["export_items", "x.json.zst"], "compresses by gzip (.gz) only"),
        (["export_items", "x.zip", "--format", "json"], "compresses by gzip (.gz) only"),
        (["import_items", "-", "--checkpoint", "no/such/folder"], "--checkpoint"),
        (["export_items", "no/such/folder/x"], "--checkpoint"),
        (["export_items", "no/such/folder/x", "--checkpoint", "c"], "can't be written"),
        (["export_items", "--checkpoint", "c"], "standard output"),
        (["export_items", "there.ndjson"], "--overwrite"),
        (["export_items", "--max-rcu", "-1"], "above 0"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_to_do(terminal: Terminal, arguments: list[str], said: str) -> None:
    terminal.file("there.ndjson", "kept")
    result = terminal(*arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert (terminal.folder / "there.ndjson").read_text() == "kept"


def test_a_dry_run_of_an_export_writes_nothing(terminal: Terminal) -> None:
    result = terminal("export_items", "x.json", "--dry-run")
    assert result.code == 0
    assert "items to x.json (json); nothing was written." in result.err
    assert list(terminal.folder.iterdir()) == []
