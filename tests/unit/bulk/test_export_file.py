"""The file of an export: its text, and how it is continued."""

import gzip
import json
import resource
from pathlib import Path

import pytest

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.bulk.export_file import ExportFile
from picus_api.bulk.formats import DYNAMODB, JSON, NDJSON, Format

PAGES = [[b'{"n":1}', b'{"n":2}'], [b'{"n":3}']]


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()


def new_file(path: Path, known: Format) -> ExportFile:
    return ExportFile(path, known, gzipped=path.suffix == ".gz")


@pytest.mark.parametrize("name", ["x", "x.gz"])
@pytest.mark.parametrize("known", [NDJSON, JSON, DYNAMODB], ids=lambda known: known.name)
def test_file_is_complete_when_it_has_its_name(tmp_path: Path, known: Format, name: str) -> None:
    file = new_file(tmp_path / name, known)
    file.open(0)
    for page in PAGES:
        file.write(file.encode_page(page))
        assert not (tmp_path / name).exists()
    file.finish()
    file.close()
    text = text_of(tmp_path / name)
    items = json.loads(text) if known is JSON else [json.loads(line) for line in text.splitlines()]
    assert items == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x", "x.gz"])
@pytest.mark.parametrize(("known", "text"), [(NDJSON, ""), (JSON, "[]\n"), (DYNAMODB, "")])
def test_empty_table_is_an_empty_file(tmp_path: Path, known: Format, text: str, name: str) -> None:
    file = new_file(tmp_path / name, known)
    file.open(0)
    file.finish()
    file.close()
    assert text_of(tmp_path / name) == text


@pytest.mark.parametrize("name", ["x", "x.gz"])
@pytest.mark.parametrize("known", [NDJSON, JSON], ids=lambda known: known.name)
def test_file_is_continued_at_an_offset(tmp_path: Path, known: Format, name: str) -> None:
    first = new_file(tmp_path / name, known)
    first.open(0)
    offset = first.write(first.encode_page(PAGES[0]))
    first.write(first.encode_page([b'{"n":"not recorded"}']))
    first.close()
    second = new_file(tmp_path / name, known)
    second.open(offset)
    second.write(second.encode_page(PAGES[1]))
    second.finish()
    second.close()
    text = text_of(tmp_path / name)
    items = json.loads(text) if known is JSON else [json.loads(line) for line in text.splitlines()]
    assert items == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_file_that_lost_bytes_is_not_continued(tmp_path: Path) -> None:
    file = new_file(tmp_path / "x", NDJSON)
    with pytest.raises(BulkError, match="shorter than its checkpoint says: start again with --restart"):
        file.open(7)
    file.close()


def test_second_process_is_refused(tmp_path: Path) -> None:
    first, second = new_file(tmp_path / "x", NDJSON), new_file(tmp_path / "x", NDJSON)
    first.open(0)
    with pytest.raises(UsageError, match="Another process is writing"):
        second.open(0)
    first.close()
    second.close()


def test_failed_write_is_an_error(tmp_path: Path) -> None:
    file = new_file(tmp_path / "x", NDJSON)
    file.open(0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(BulkError, match=r"x\.part can't be written: File too large\."):
            file.write(b"more than ten bytes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        file.close()


def test_discarded_file_is_deleted(tmp_path: Path) -> None:
    file = new_file(tmp_path / "x", NDJSON)
    file.open(0)
    file.write(b"x")
    file.discard()
    file.close()
    assert list(tmp_path.iterdir()) == []
