"""The files of an import, and exports to S3 with their manifests."""

import base64
import gzip
import json
import re
from pathlib import Path

import pytest

from picus_api.bulk.errors import BadRecord, UsageError
from picus_api.bulk.input_files import InputFile, find_input_files
from tests.unit.bulk.conftest import WriteFile, check, dynamodb_line


def s3_export(folder: Path, counts: tuple[int, ...], **summary: object) -> Path:
    """Write a full export to S3 as it is downloaded, whose files have two items each."""
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
    return exported


def test_full_export_to_s3_is_read_by_its_manifest(tmp_path: Path) -> None:
    exported = s3_export(tmp_path, (2, 2))
    names = [exported / "data" / f"part{number}.json.gz" for number in (0, 1)]
    assert find_input_files([str(tmp_path)]) == [InputFile(str(path), path, 2) for path in names]
    assert check(tmp_path) == (4, ["dynamodb", "dynamodb"])


def test_file_with_too_few_items_is_refused(tmp_path: Path) -> None:
    s3_export(tmp_path, (2, 3))
    with pytest.raises(BadRecord, match=re.escape("part1.json.gz, line 2: The file has 2 items, its manifest says 3.")):
        check(tmp_path)


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        ({"exportType": "INCREMENTAL_EXPORT"}, "changes only"),
        ({"outputFormat": "ION"}, "is in ION: export the table as DynamoDB JSON"),
        ({"itemCount": 3}, "files of 2 items, and its summary another number"),
    ],
)
def test_summary_decides_what_is_refused(tmp_path: Path, summary: dict[str, object], message: str) -> None:
    s3_export(tmp_path, (2,), **summary)
    with pytest.raises(UsageError, match=message):
        find_input_files([str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest-files.json", "", "and its summary another number"),
        ("manifest-files.json", "[1]", "is not the manifest"),
        ("manifest-files.json", '{"itemCount": 2}', "is not the manifest"),
        ("manifest-summary.json", "[1]", "is not the manifest"),
        ("manifest-summary.json", "{", "is not the manifest"),
    ],
)
def test_damaged_manifest_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (s3_export(tmp_path, (2, 2)) / name).write_text(content)
    with pytest.raises(UsageError, match=message):
        find_input_files([str(tmp_path)])


def test_export_with_missing_file_is_refused(tmp_path: Path) -> None:
    (s3_export(tmp_path, (2,)) / "data" / "part0.json.gz").unlink()
    with pytest.raises(UsageError, match=r"incomplete: 1 of 1 files are missing, .*part0\.json\.gz first"):
        find_input_files([str(tmp_path)])


def test_one_of_several_exports_must_be_named(tmp_path: Path) -> None:
    for name in "ab":
        s3_export(tmp_path / name, (2,))
    with pytest.raises(UsageError, match="has 2 exports: name one"):
        find_input_files([str(tmp_path)])
    assert len(find_input_files([str(tmp_path / "a")])) == 1


def test_folder_without_manifest_is_read_by_name(tmp_path: Path, write_file: WriteFile) -> None:
    paths = [write_file("1.json", "[]"), write_file("2.ndjson", "")]
    write_file("readme.txt", "no")
    assert find_input_files([str(tmp_path)]) == [InputFile(str(path), path) for path in paths]


def test_folder_without_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither manifest-files.json nor files that end in \.json, "):
        find_input_files([str(tmp_path)])


def test_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*/none"):
        find_input_files([str(tmp_path / "none")])
