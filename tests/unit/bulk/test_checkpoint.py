"""Checkpoint files: what is recorded, and which files are refused."""

from pathlib import Path

import pytest

from picus_api.bulk.checkpoint import ExportCheckpoint, ImportCheckpoint
from picus_api.bulk.errors import BulkError, UsageError

HEADER = {"table": "x"}


def open_import(path: Path | None, *, restart: bool = False, **header: object) -> ImportCheckpoint:
    return ImportCheckpoint.open(path, header or HEADER, restart=restart)


def recorded(path: Path, *steps: tuple[int, int]) -> str:
    """Record batches in a new checkpoint file, and return the id of the import."""
    checkpoint = open_import(path)
    for number, checksum in steps:
        checkpoint.add(number, checksum)
    checkpoint.close()
    return checkpoint.import_id


def test_import_resumes_with_its_id_and_batches(tmp_path: Path) -> None:
    path = tmp_path / "c"
    import_id = recorded(path, (0, 255), (2, 7))
    again = open_import(path)
    assert (again.resumed, again.import_id) == (True, import_id)
    assert [again.take_written(number, checksum) for number, checksum in ((0, 255), (1, 1), (2, 7))] == [
        True,
        False,
        True,
    ]
    again.check_all_taken()
    again.delete()
    assert not path.exists()


def test_changed_text_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "c", (0, 255))
    with pytest.raises(BulkError, match="changed since it was imported"):
        open_import(tmp_path / "c").take_written(0, 254)


def test_missing_batch_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "c", (0, 255))
    with pytest.raises(BulkError, match="lack records that were imported before"):
        open_import(tmp_path / "c").check_all_taken()


def test_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "c"
    recorded(path, (0, 255))
    with path.open("a") as file:
        file.write("1 ff")
    again = open_import(path)
    assert not again.take_written(1, 255)
    again.add(1, 255)
    again.close()
    assert path.read_text().endswith("\n0 ff\n1 ff\n")


def test_restart_discards_the_steps(tmp_path: Path) -> None:
    import_id = recorded(tmp_path / "c", (0, 255))
    again = open_import(tmp_path / "c", restart=True, table="y")
    assert not again.resumed
    assert again.import_id != import_id
    again.check_all_taken()


def test_second_process_is_refused(tmp_path: Path) -> None:
    first = open_import(tmp_path / "c")
    with pytest.raises(UsageError, match="Another process is using the checkpoint"):
        open_import(tmp_path / "c")
    first.close()


def test_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path / "c")
    with pytest.raises(UsageError, match="its table is 'x', not 'y'"):
        open_import(tmp_path / "c", table="y")
    with pytest.raises(UsageError, match="its operation is 'import', not 'export'"):
        ExportCheckpoint.open(tmp_path / "c", HEADER, 1, restart=False)


@pytest.mark.parametrize("content", ['{"a": 1}', "one\ntwo, without its end", "[]\n", '{"operation": "import"\n'])
@pytest.mark.parametrize("restart", [False, True])
def test_other_files_are_refused_and_kept(tmp_path: Path, content: str, restart: bool) -> None:
    path = tmp_path / "mine"
    path.write_text(content)
    if restart and content.startswith('{"operation"'):
        open_import(path, restart=True).close()
        return
    with pytest.raises(UsageError, match="is not a checkpoint"):
        open_import(path, restart=restart)
    assert path.read_text() == content


@pytest.mark.parametrize("step", ["0 zz", "0", "x 0", "\udcff"])
def test_damaged_step_is_refused(tmp_path: Path, step: str) -> None:
    recorded(tmp_path / "c", (0, 255))
    with (tmp_path / "c").open("ab") as file:
        file.write(step.encode(errors="surrogateescape") + b"\n")
    with pytest.raises(UsageError, match="is damaged: start again with --restart"):
        open_import(tmp_path / "c")


def test_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be written"):
        open_import(tmp_path / "none" / "c")


def test_export_resumes_each_segment(tmp_path: Path) -> None:
    first = ExportCheckpoint.open(tmp_path / "c", HEADER, 3, restart=False)
    first.add(0, 100, 4, "k")
    first.add(2, 150, 2, None)
    first.add(0, 200, 3, "l\n")
    first.close()
    # The segments of the first run are kept: a position has no meaning among other segments.
    again = ExportCheckpoint.open(tmp_path / "c", HEADER, 8, restart=False)
    assert (again.segments, again.offset, again.items) == (3, 200, 9)
    assert again.positions == {0: "l\n", 2: None}


def test_without_a_file_nothing_is_recorded(tmp_path: Path) -> None:
    checkpoint = open_import(None)
    checkpoint.add(0, 255)
    assert not checkpoint.take_written(0, 255)
    assert not checkpoint.resumed
    checkpoint.delete()
    checkpoint.close()
    assert list(tmp_path.iterdir()) == []
