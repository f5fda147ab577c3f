"""What import_items reads and export_items writes."""

import base64
import gzip
import json
import os
from pathlib import Path

import pytest

from tests.service.commands.conftest import Terminal, ndjson

ITEMS = [{"object_id": f"k{number}", "n": number, "deep": {"list": [number, "ü", None]}} for number in range(60)]


def by_number(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: int(str(row["n"])))


def dynamodb_line(key: str, number: int) -> str:
    return json.dumps({"Item": {"object_id": {"S": key}, "n": {"N": str(number)}}}) + "\n"


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ndjson", ndjson(ITEMS)),
        ("ndjson", "\n\n" + ndjson(ITEMS).replace("\n", "\r\n\r\n").rstrip()),
        ("json", json.dumps(ITEMS)),
        ("json", "\n " + json.dumps(ITEMS, indent=3) + "\n"),
        ("dynamodb", "".join(dynamodb_line(item["object_id"], item["n"]) for item in ITEMS)),  # type: ignore[arg-type]
    ],
)
def test_every_format_is_recognised_plain_or_zipped(terminal: Terminal, kind: str, text: str, zipped: bool) -> None:
    data = text.encode()
    terminal.file("items", gzip.compress(data[:999]) + gzip.compress(data[999:]) + b"\0\0" if zipped else data)
    result = terminal("import_items", "items")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"Reading items ({kind}).\n60 items imported: ")
    expected = ITEMS if kind != "dynamodb" else [{"object_id": item["object_id"], "n": item["n"]} for item in ITEMS]
    assert by_number(terminal.rows()) == expected
    assert [path.name for path in terminal.folder.iterdir()] == ["items"]


@pytest.mark.parametrize("name", ["x.ndjson", "x.jsonl.gz", "x.json", "x.json.gz", "-"])
def test_what_is_exported_has_the_format_of_its_name(terminal: Terminal, name: str) -> None:
    terminal.file("items.ndjson", ndjson(ITEMS))
    terminal("import_items", "items.ndjson")
    result = terminal("export_items", name, "--segments", "3")
    assert result.code == 0
    assert result.err.startswith("60 items exported: ")
    data = result.out.encode() if name == "-" else (terminal.folder / name).read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
    items = json.loads(text) if ".json" in name and "jsonl" not in name else list(map(json.loads, text.splitlines()))
    assert by_number(items) == ITEMS
    assert {path.name for path in terminal.folder.iterdir()} == {"items.ndjson", name} - {"-"}


@pytest.mark.parametrize(("name", "content"), [("x.ndjson", b""), ("x.json", b"[]\n"), ("x.json.gz", b"[]\n")])
def test_an_empty_table_is_an_empty_file_that_can_be_imported(terminal: Terminal, name: str, content: bytes) -> None:
    assert terminal("export_items", name).code == 0
    data = (terminal.folder / name).read_bytes()
    assert (gzip.decompress(data) if name.endswith(".gz") else data) == content
    assert "0 items imported" in terminal("import_items", name).err


def test_standard_input_is_a_source(terminal: Terminal) -> None:
    result = terminal("import_items", "-", given=gzip.compress(ndjson(ITEMS).encode()))
    assert result.code == 0
    assert by_number(terminal.rows()) == ITEMS


def test_json_refuses_to_lose_a_set_or_binary_unless_told_to(terminal: Terminal) -> None:
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


def test_the_version_is_hidden_from_json_kept_by_dynamodbs_format_and_always_new(terminal: Terminal) -> None:
    terminal("import_items", "-", given='{"object_id": "k"}')
    assert terminal("export_items").out == '{"object_id":"k"}\n'
    row = terminal("export_items", "--format", "dynamodb").out
    first = json.loads(row)["Item"]["picus_version"]["S"]
    assert terminal("import_items", "-", given=row).code == 0
    second = json.loads(terminal("get_item", "k", "--format", "dynamodb").out)["Item"]["picus_version"]["S"]
    assert first != second


def s3_export(folder: Path, counts: tuple[int, ...], **summary: str) -> None:
    """The layout of a full export to S3, downloaded."""
    exported = folder / "AWSDynamoDB" / "01700000000000-0a1b2c3d"
    (exported / "data").mkdir(parents=True)
    (exported / "_started").touch()
    (exported / "manifest-summary.json").write_text(json.dumps({"outputFormat": "DYNAMODB_JSON", **summary}))
    lines = []
    for number, count in enumerate(counts):
        name = f"part{number}.json.gz"
        text = "".join(dynamodb_line(f"{number}-{each}", each) for each in range(2))
        (exported / "data" / name).write_bytes(gzip.compress(text.encode()))
        key = f"backups/AWSDynamoDB/01700000000000-0a1b2c3d/data/{name}"
        checksum = base64.b64encode(b"0" * 16).decode()
        lines.append(json.dumps({"itemCount": count, "md5Checksum": checksum, "etag": "x-1", "dataFileS3Key": key}))
    (exported / "manifest-files.json").write_text("\n".join(lines))
    (exported / "manifest-files.md5").write_text("x")


def test_a_full_export_to_s3_is_imported_by_its_manifest(terminal: Terminal) -> None:
    s3_export(terminal.folder / "export", (2, 2))
    result = terminal("import_items", "export")
    assert result.code == 0, result.err
    assert sorted(row["object_id"] for row in terminal.rows()) == ["0-0", "0-1", "1-0", "1-1"]


def test_an_export_to_s3_that_is_not_what_it_says_is_refused(terminal: Terminal) -> None:
    s3_export(terminal.folder / "short", (2, 3))
    short = terminal("import_items", "short")
    assert short.code == 1
    assert "part1.json.gz" in short.err
    assert "has 2 items, its manifest says 3" in short.err
    s3_export(terminal.folder / "changes", (2,), exportType="INCREMENTAL_EXPORT")
    assert "changes only" in terminal("import_items", "changes").err
    s3_export(terminal.folder / "ion", (2,), outputFormat="ION")
    assert "DynamoDB JSON" in terminal("import_items", "ion").err
    s3_export(terminal.folder / "missing", (2,))
    next((terminal.folder / "missing").rglob("part0.json.gz")).unlink()
    missing = terminal("import_items", "missing")
    assert (missing.code, missing.out) == (2, "")
    assert "1 of 1 files are missing" in missing.err
    both = terminal("import_items", ".")
    assert both.code == 2
    assert "name one" in both.err


def test_a_folder_without_a_manifest_is_its_files_by_name(terminal: Terminal) -> None:
    (terminal.folder / "many").mkdir()
    terminal.file("many/2.ndjson", '{"object_id": "k", "n": 2}')
    terminal.file("many/1.json", '[{"object_id": "k", "n": 1}]')
    terminal.file("many/readme.txt", "no")
    assert terminal("import_items", "many").code == 0
    assert terminal.rows() == [{"object_id": "k", "n": 2}]
    (terminal.folder / "none").mkdir()
    assert terminal("import_items", "none").code == 2


def test_the_later_of_two_items_with_one_key_stays(terminal: Terminal) -> None:
    items = [{"object_id": f"k{number % 3}", "n": number} for number in range(400)]
    result = terminal("import_items", "-", "--threads", "8", given=ndjson(items))
    assert result.code == 0
    assert by_number(terminal.rows()) == [{"object_id": f"k{number % 3}", "n": number} for number in (397, 398, 399)]


def test_items_whose_key_is_in_use_are_replaced_or_skipped(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "k1", "n": -1, "picus_version": "v1:" + 32 * "0"})
    skipped = terminal("import_items", "-", "--on-conflict", "skip", given=ndjson(ITEMS))
    assert "60 items imported, 1 of them skipped as their key is in use" in skipped.err
    assert by_number(terminal.rows())[0] == {"object_id": "k1", "n": -1}
    assert terminal("import_items", "-", given=ndjson(ITEMS)).code == 0
    assert by_number(terminal.rows()) == ITEMS


def test_where_what_is_there_stays_the_first_of_two_items_with_one_key_stays_too(terminal: Terminal) -> None:
    terminal.file("items", ndjson({"object_id": f"{n % 3}", "n": n} for n in range(60)))
    result = terminal("import_items", "items", "--on-conflict", "skip")
    assert "60 items imported, 57 of them skipped" in result.err
    assert sorted(int(row["n"]) for row in terminal.rows()) == [0, 1, 2]


def test_a_refused_export_leaves_nothing_behind_that_another_would_trip_over(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "k", "s": {"a"}, "picus_version": f"v1:{'0' * 32}"})
    assert terminal("export_items", "x.json").code == 1
    assert list(terminal.folder.iterdir()) == []
    assert terminal("export_items", "x.json", "--format", "dynamodb").code == 0


def test_only_files_are_replaced_and_links_lead_to_them(terminal: Terminal) -> None:
    os.mkfifo(terminal.folder / "fifo")
    (terminal.folder / "folder").mkdir()
    for name in ("fifo", "folder", "/dev/null"):
        result = terminal("export_items", name, "--overwrite")
        assert result.code == 2
        assert "is no file" in result.err
    terminal.file("target", "old")
    (terminal.folder / "link").symlink_to("target")
    assert terminal("export_items", "link", "--overwrite").code == 0
    assert (terminal.folder / "link").is_symlink()
    assert (terminal.folder / "target").read_text() == ""


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("manifest-files.json", "", "not what its summary says"),
        ("manifest-summary.json", '{"itemCount": 3}', "not what its summary says"),
        ("manifest-summary.json", "[1]", "is not the manifest"),
        ("manifest-summary.json", "{", "is not the manifest"),
    ],
)
def test_a_manifest_that_lost_something_is_refused(terminal: Terminal, name: str, content: str, what: str) -> None:
    s3_export(terminal.folder / "export", (2, 2))
    (file,) = (terminal.folder / "export").rglob(name)
    file.write_text(content)
    result = terminal("import_items", "export")
    assert result.code == 2
    assert what in result.err
