"""Property: a table that is exported and imported again is equal."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picus_api.bulk.exporter import Exporter, ExportOptions
from picus_api.bulk.formats import DYNAMODB, JSON, NDJSON, Format
from picus_api.bulk.importer import Importer, ImportOptions
from picus_api.bulk.input_files import find_input_files
from picus_api.core.keys import is_reserved
from picus_api.core.values import version_attribute
from picus_api.core.values.equality import same_attributes
from tests.conftest import use_table
from tests.dynamodb import new_table

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
digits = st.integers(-(10**38) + 1, 10**38 - 1)
numbers = st.builds(lambda number, power: f"{number}E{power}", digits, st.integers(-90, 80))
binaries = st.binary(max_size=6).map(lambda data: b64encode(data).decode())
common = st.one_of(
    texts.map(lambda text: {"S": text}),
    numbers.map(lambda number: {"N": number}),
    st.booleans().map(lambda flag: {"BOOL": flag}),
    st.just({"NULL": True}),
)
foreign = st.one_of(
    binaries.map(lambda data: {"B": data}),
    st.sets(texts, min_size=1, max_size=3).map(lambda values: {"SS": sorted(values)}),
    st.sets(st.integers(-99, 99), min_size=1, max_size=3).map(lambda values: {"NS": [str(v) for v in values]}),
    st.sets(binaries, min_size=1, max_size=3).map(lambda values: {"BS": sorted(values)}),
)
names = texts.filter(lambda name: name not in ("", "object_id", "picus_version"))


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    containers = lambda inner: (  # noqa: E731
        st.lists(inner, max_size=3).map(lambda values: {"L": values})
        | st.dictionaries(names, inner, max_size=3).map(lambda values: {"M": values})
    )
    return st.dictionaries(names, st.recursive(leaves, containers, max_leaves=6), max_size=4)


def tables(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    keys = texts.filter(lambda key: key != "" and not is_reserved(key))
    return st.dictionaries(keys, nested(leaves), max_size=40)


def import_file(path: Path) -> int:
    options = ImportOptions(find_input_files([str(path)]), threads=3)
    return Importer(options, lambda source, known: None, lambda items, position: None, lambda: None).run().items


def export_file(path: Path, kind: Format, zipped: bool) -> int:
    options = ExportOptions(path, kind, zipped, segments=2)
    return Exporter(options, lambda items: None).run().items


def rows(path: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a file in DynamoDB's format by key, without their versions."""
    found = {}
    for line in path.read_text().split("\n")[:-1]:
        row = json.loads(line)["Item"]
        assert version_attribute.has_version(row)
        version_attribute.remove_version(row)
        found[row["object_id"]["S"]] = row
    return found


@pytest.mark.parametrize("kind", [NDJSON, JSON, DYNAMODB], ids=lambda kind: kind.name)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), zipped=st.booleans())
def test_exported_and_imported_table_is_equal(
    *,
    kind: Format,
    data: st.DataObject,
    zipped: bool,
    dynamodb_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = data.draw(tables(common | foreign if kind is DYNAMODB else common))
    original, way, copy = (
        tmp_path / "original",
        tmp_path / "way.zipped" if zipped else tmp_path / "way",
        tmp_path / "copy",
    )
    lines = [json.dumps({"Item": {"object_id": {"S": key}, **row}}) for key, row in table.items()]
    original.write_text("".join(f"{line}\n" for line in lines))
    use_table(monkeypatch, dynamodb_url, new_table(dynamodb_url).name)
    assert import_file(original) == len(table)
    assert export_file(way, kind, zipped) == len(table)
    use_table(monkeypatch, dynamodb_url, new_table(dynamodb_url).name)
    assert import_file(way) == len(table)
    assert export_file(copy, DYNAMODB, False) == len(table)
    copied = rows(copy)
    assert copied.keys() == table.keys()
    for key, row in table.items():
        assert same_attributes({"object_id": {"S": key}, **row}, copied[key])
