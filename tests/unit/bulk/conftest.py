"""Files to import, read in this process without a server."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from picus_api.bulk.batch_reader import read_batches
from picus_api.bulk.formats import Format
from picus_api.bulk.importer import ImportOptions, check_files
from picus_api.bulk.input_files import find_input_files
from picus_api.core.values.attribute_values import AttributeMap

WriteFile = Callable[[str, str | bytes], Path]


def ndjson(items: Iterable[Any]) -> str:
    return "".join(f"{json.dumps(item)}\n" for item in items)


def dynamodb_line(key: str, number: int) -> str:
    return json.dumps({"Item": {"object_id": {"S": key}, "n": {"N": str(number)}}}) + "\n"


def check(*paths: Path) -> tuple[int, list[str]]:
    """Return how many records the files have, and the name of each file's format. Raises BulkError."""
    formats: list[str] = []
    options = ImportOptions(find_input_files(map(str, paths)))
    count = check_files(options, lambda file, known: formats.append(known.name), lambda items, position: None)
    return count, formats


def read_items(path: Path, chosen: Format | None = None) -> tuple[list[AttributeMap], str]:
    """Return the items in a file, and the name of its format. Raises BulkError."""
    formats: list[str] = []
    items = []
    for batch in read_batches(find_input_files([str(path)]), chosen, lambda file, known: formats.append(known.name)):
        items += [record.format.parse(record.text) for record in batch.records]
        if batch.fault:
            raise batch.fault
    return items, formats[0]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Write a file in an empty folder, and return its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
