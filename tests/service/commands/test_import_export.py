"""What import_items reads and export_items writes."""

import gzip
import json
import os
import subprocess
import threading
from decimal import Decimal
from typing import Any

import pytest

from tests.dynamodb import CREDENTIALS, ROOT
from tests.service.commands.conftest import Terminal, ndjson
from tests.unit.bulk.conftest import dynamodb_line
from tests.unit.bulk.test_input_files import s3_export

ITEMS = [{"object_id": f"k{number}", "n": number, "deep": {"list": [number, "ü", None]}} for number in range(60)]
KEY_AND_N = [{"object_id": item["object_id"], "n": item["n"]} for item in ITEMS]


def by_number(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: int(str(row["n"])))


@pytest.mark.parametrize(
    ("kind", "data", "items"),
    [
        ("ndjson", gzip.compress(ndjson(ITEMS).encode()), ITEMS),
        ("json", json.dumps(ITEMS, indent=3).encode(), ITEMS),
        ("dynamodb", "".join(dynamodb_line(f"k{n}", n) for n in range(60)).encode(), KEY_AND_N),
    ],
)
def test_every_format_is_imported(terminal: Terminal, kind: str, data: bytes, items: list[dict[str, object]]) -> None:
    terminal.file("items", data)
    result = terminal("import_items", "items")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"Reading items ({kind}).\n60 items imported: ")
    assert by_number(terminal.rows()) == items
    assert [path.name for path in terminal.folder.iterdir()] == ["items"]


@pytest.mark.parametrize("name", ["x.ndjson", "x.jsonl.gz", "x.json", "X.JSON.GZ", "x", "-"])
def test_name_of_the_file_says_the_format(terminal: Terminal, name: str) -> None:
    terminal.file("items.ndjson", ndjson(ITEMS))
    terminal("import_items", "items.ndjson")
    result = terminal("export_items", name, "--segments", "3")
    assert result.code == 0
    assert result.err.startswith("60 items exported: ")
    data = result.out.encode() if name == "-" else (terminal.folder / name).read_bytes()
    text = (gzip.decompress(data) if name.lower().endswith(".gz") else data).decode()
    is_array = name in ("x.json", "X.JSON.GZ")
    items = json.loads(text) if is_array else list(map(json.loads, text.splitlines()))
    assert by_number(items) == ITEMS
    assert {path.name for path in terminal.folder.iterdir()} == {"items.ndjson", name} - {"-"}


@pytest.mark.parametrize(("name", "content"), [("x.ndjson", b""), ("x.json", b"[]\n"), ("x.json.gz", b"[]\n")])
def test_empty_table_is_a_file_that_can_be_imported(terminal: Terminal, name: str, content: bytes) -> None:
    assert terminal("export_items", name).code == 0
    data = (terminal.folder / name).read_bytes()
    assert (gzip.decompress(data) if name.endswith(".gz") else data) == content
    assert "0 items imported" in terminal("import_items", name).err


def test_standard_input_is_imported(terminal: Terminal) -> None:
    result = terminal("import_items", "-", given=gzip.compress(ndjson(ITEMS).encode()))
    assert result.code == 0
    assert by_number(terminal.rows()) == ITEMS


@pytest.mark.parametrize("name", ["/dev/stdin", "pipe"])
def test_pipe_is_imported_without_a_checkpoint(terminal: Terminal, name: str) -> None:
    data = gzip.compress(ndjson(ITEMS).encode())
    if name == "pipe":
        os.mkfifo(terminal.folder / name)
        writer = threading.Thread(target=(terminal.folder / name).write_bytes, args=(data,))
        writer.start()
        result = terminal("import_items", name)
        writer.join()
    else:
        result = terminal("import_items", name, given=data)
    assert result.code == 0, result.err
    assert by_number(terminal.rows()) == ITEMS


def test_process_substitution_is_imported(terminal: Terminal) -> None:
    terminal.file("x.gz", gzip.compress(ndjson(ITEMS).encode()))
    where = f"DYNAMODB_TABLE_NAME={terminal.table.name} DYNAMODB_ENDPOINT_URL={terminal.url}"
    script = f'{where} {ROOT}/picus import_items <(zcat x.gz) <(echo \'{{"object_id": "k60", "n": 60}}\')'
    result = subprocess.run(
        ["bash", "-c", script], cwd=terminal.folder, env=os.environ | CREDENTIALS, capture_output=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert [row["n"] for row in by_number(terminal.rows())] == list(range(61))


def test_output_of_the_aws_cli_is_imported(terminal: Terminal) -> None:
    rows = [{"object_id": {"S": f"k{n}"}, "n": {"N": f"{n}"}, "tags": {"SS": ["x"]}} for n in range(60)]
    terminal.file("scan.json", json.dumps({"Items": rows, "Count": 60, "ScannedCount": 60}, indent=4))
    result = terminal("import_items", "scan.json")
    assert result.err.startswith("Reading scan.json (dynamodb).\n60 items imported: ")
    assert by_number(terminal.rows()) == [{**row, "tags": {"x"}} for row in KEY_AND_N]


def test_json_refuses_sets_and_binary_unless_lossy(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "k", "SS": "B", "a/b": [{"tags": {"x"}}]})
    for kind in ("ndjson", "json"):
        refused = terminal("export_items", f"x.{kind}", "--format", kind)
        assert refused.code == 1
        assert "The item 'k' has a value of type SS at /a~1b/0/tags" in refused.err
        assert "--format dynamodb" in refused.err
        assert not (terminal.folder / f"x.{kind}").exists()
    told = terminal("export_items", "--lossy")
    assert json.loads(told.out) == {"object_id": "k", "SS": "B", "a/b": [{"tags": ["x"]}]}
    rows = terminal("export_items", "--format", "dynamodb").out
    assert json.loads(rows)["Item"]["a/b"] == {"L": [{"M": {"tags": {"SS": ["x"]}}}]}


def test_every_import_writes_a_new_version(terminal: Terminal) -> None:
    terminal("import_items", "-", given='{"object_id": "k"}')
    assert terminal("export_items").out == '{"object_id":"k"}\n'
    row = terminal("export_items", "--format", "dynamodb").out
    first = json.loads(row)["Item"]["picus_version"]["S"]
    assert terminal("import_items", "-", given=row).code == 0
    second = json.loads(terminal("get_item", "k", "--format", "dynamodb").out)["Item"]["picus_version"]["S"]
    assert first != second


def test_full_export_to_s3_is_imported(terminal: Terminal) -> None:
    s3_export(terminal.folder / "export", (2, 2))
    result = terminal("import_items", "export")
    assert result.code == 0, result.err
    assert sorted(row["object_id"] for row in terminal.rows()) == ["0-0", "0-1", "1-0", "1-1"]


def test_export_to_s3_that_is_refused_is_a_usage_error(terminal: Terminal) -> None:
    s3_export(terminal.folder / "changes", (2,), exportType="INCREMENTAL_EXPORT")
    result = terminal("import_items", "changes")
    assert (result.code, result.out) == (2, "")
    assert "changes only" in result.err


def test_folder_is_imported_file_by_file(terminal: Terminal) -> None:
    (terminal.folder / "many").mkdir()
    terminal.file("many/2.ndjson", '{"object_id": "k", "n": 2}')
    terminal.file("many/1.json", '[{"object_id": "k", "n": 1}]')
    terminal.file("many/readme.txt", "no")
    assert terminal("import_items", "many").code == 0
    assert terminal.rows() == [{"object_id": "k", "n": 2}]
    (terminal.folder / "none").mkdir()
    assert terminal("import_items", "none").code == 2


def test_later_of_two_items_with_one_key_is_stored(terminal: Terminal) -> None:
    items = [{"object_id": f"k{number % 3}", "n": number} for number in range(400)]
    result = terminal("import_items", "-", "--threads", "8", given=ndjson(items))
    assert result.code == 0
    assert by_number(terminal.rows()) == [{"object_id": f"k{number % 3}", "n": number} for number in (397, 398, 399)]


def test_existing_items_are_replaced_or_skipped(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "k1", "n": -1, "picus_version": "v1:" + 32 * "0"})
    skipped = terminal("import_items", "-", "--on-conflict", "skip", given=ndjson(ITEMS))
    assert "60 items imported, 1 of them skipped because their keys are in use" in skipped.err
    assert by_number(terminal.rows())[0] == {"object_id": "k1", "n": -1}
    assert terminal("import_items", "-", given=ndjson(ITEMS)).code == 0
    assert by_number(terminal.rows()) == ITEMS


def test_skip_stores_the_first_of_two_items_with_one_key(terminal: Terminal) -> None:
    terminal.file("items", ndjson({"object_id": f"{n % 3}", "n": n} for n in range(60)))
    result = terminal("import_items", "items", "--on-conflict", "skip")
    assert "60 items imported, 57 of them skipped" in result.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == [0, 1, 2]


def test_refused_export_leaves_no_file(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "k", "s": {"a"}, "picus_version": f"v1:{'0' * 32}"})
    assert terminal("export_items", "x.json").code == 1
    assert list(terminal.folder.iterdir()) == []
    assert terminal("export_items", "x.json", "--format", "dynamodb").code == 0


def test_only_files_are_replaced_and_links_are_followed(terminal: Terminal) -> None:
    os.mkfifo(terminal.folder / "fifo")
    (terminal.folder / "folder").mkdir()
    for name in ("fifo", "folder", "/dev/null"):
        result = terminal("export_items", name, "--overwrite")
        assert result.code == 2
        assert "is not a file" in result.err
    terminal.file("target", "old")
    (terminal.folder / "link").symlink_to("target")
    assert terminal("export_items", "link", "--overwrite").code == 0
    assert (terminal.folder / "link").is_symlink()
    assert (terminal.folder / "target").read_text() == ""


def test_csv_has_the_chosen_columns_in_their_order(terminal: Terminal) -> None:
    """Numbers are exact, texts are no formulas, missing attributes are empty."""
    rows: list[dict[str, Any]] = [
        {"object_id": "k1", "n": Decimal("-1.50"), "text": "=cmd|' /C calc'!A0", "a": {"b": [1, "x"]}},
        {"object_id": "k2", "n": Decimal("12345678901234567890123456789012345678"), "tags": {"t"}, "text": 'a "b", c'},
        {"object_id": "k3", "n": Decimal(0)},
    ]
    for row in rows:
        terminal.table.put_item(Item=row)
    fields = ["--fields", "n,a.b,object_id,text,tags"]
    expected = [
        "n,a.b,object_id,text,tags",
        '-1.5,"[1,""x""]",k1,\'=cmd|\' /C calc\'!A0,',
        '12345678901234567890123456789012345678,,k2,"a ""b"", c","[""t""]"',
    ]
    for name in ("x.csv", "x.csv.gz", "-"):
        format_option = ["--format", "csv"] if name == "-" else []
        result = terminal("export_items", name, *fields, *format_option, "--filter", "n != 0", "--segments", "2")
        assert result.code == 0, result.err
        assert result.err.startswith("2 items exported: ")
        data = result.out.encode() if name == "-" else (terminal.folder / name).read_bytes()
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        assert text.endswith("\r\n")
        head, *lines = text.split("\r\n")[:-1]
        assert [head, *sorted(lines)] == expected
    assert terminal("export_items", *fields, "--format", "csv", "--filter", "n = 7").out == f"{expected[0]}\r\n"
    terminal("export_items", "x.ndjson", "--filter", "n = 0", "--fields", "object_id")
    assert (terminal.folder / "x.ndjson").read_text() == '{"object_id":"k3"}\n'
