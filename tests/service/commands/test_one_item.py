"""list_items, get_item, put_item and delete_item."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from picus_api.core.dynamodb.table import reset_transport
from tests.dynamodb import CREDENTIALS, ROOT, free_port
from tests.faulty import faulty_dynamodb
from tests.service.commands.conftest import Terminal, wait_for_result
from tests.service.commands.test_command_line import OWN

ITEM = '{"name": "x", "value": 1.10, "big": 12345678901234567890123456789012345678, "none": null}'
SHOWN = '"name":"x","value":1.1,"big":12345678901234567890123456789012345678,"none":null}\n'


def test_item_is_stored_exactly_from_every_source(terminal: Terminal) -> None:
    terminal.file("item.json", ITEM)
    files = terminal("put_item", "--file", "item.json")
    ways = [terminal.run_process("put_item", ITEM), files, terminal("put_item", given=ITEM)]
    keys = [json.loads(way.out)["object_id"] for way in ways]
    assert [(way.code, way.err) for way in ways] == [(0, "")] * 3
    assert len(set(keys)) == 3
    for key in keys:
        found = terminal("get_item", key)
        assert sorted(json.loads(found.out)) == ["big", "name", "none", "object_id", "value"]
        assert found.out.startswith(f'{{"object_id":"{key}"')
        assert "1.1" in found.out
        assert "12345678901234567890123456789012345678" in found.out
    assert sorted(row["object_id"] for row in terminal.rows()) == sorted(keys)


def test_existing_item_is_replaced_only_with_replace(terminal: Terminal) -> None:
    assert terminal("put_item", "--key", "a/b ü", '{"n": 1}').out == '{"object_id": "a/b ü"}\n'
    refused = terminal("put_item", '{"object_id": "a/b ü", "n": 2}')
    assert (refused.code, refused.out) == (1, "")
    assert "exists already" in refused.err
    assert terminal.rows() == [{"object_id": "a/b ü", "n": 1}]
    assert terminal("put_item", "--replace", '{"object_id": "a/b ü", "n": 2}').code == 0
    assert terminal.rows() == [{"object_id": "a/b ü", "n": 2}]


def test_item_is_deleted_once(terminal: Terminal) -> None:
    terminal.table.put_item(Item={"object_id": "-k"})
    trial = terminal("delete_item", "--dry-run", "--", "-k")
    assert (trial.code, trial.err) == (0, 'Item with key "-k" would be deleted.\n')
    first, second = terminal.run_process("delete_item", "--", "-k"), terminal.run_process("delete_item", "--", "-k")
    assert (first.code, first.out, first.err) == (0, "", 'Item with key "-k" deleted successfully.\n')
    assert (second.code, second.out, second.err) == (1, "", 'picus: Item with key "-k" not found.\n')
    assert terminal("get_item", "--", "-k").err == 'picus: Item with key "-k" not found.\n'


def test_dynamodb_format_keeps_sets_and_binary(terminal: Terminal) -> None:
    row: dict[str, Any] = {
        "object_id": "from",
        "tags": {"a", "b"},
        "numbers": {Decimal(1), Decimal("2.5")},
        "raw": b"\x00\xff",
    }
    terminal.table.put_item(Item=row)
    shown = terminal("get_item", "--format", "dynamodb", "from").out
    assert terminal("put_item", "--format", "dynamodb", "--key", "to", given=shown).code == 0
    assert terminal.table.get_item(Key={"object_id": "to"})["Item"]["tags"] == {"a", "b"}
    assert terminal.table.get_item(Key={"object_id": "to"})["Item"]["raw"] == b"\x00\xff"
    assert sorted(json.loads(terminal("get_item", "from").out)["tags"]) == ["a", "b"]


def test_dry_run_checks_and_writes_nothing(terminal: Terminal) -> None:
    assert terminal("put_item", "--dry-run", '{"a": 1}').code == 0
    assert terminal("put_item", "--dry-run", '{"a": 1e200}').code == 1
    assert terminal.rows() == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["put_item", "[1]"], 1, "The item must be a JSON object, not an array."),
        (["put_item", '{"a": {"b": [0, 1e999]}}'], 1, "(at /a/b/1)"),
        (["put_item", '{"a": '], 1, "not valid JSON"),
        (["put_item", '{"object_id": "get/x"}'], 1, "path of the service"),
        (["put_item", '{"object_id": 7}'], 1, "must be a string"),
        (["put_item", "--key", "", "{}"], 1, "The key is empty."),
        (["put_item", "--format", "dynamodb", '{"Item": {"a": {"X": 1}}}'], 1, "no type 'X'. (at /a)"),
        (["put_item", "{}", "--key", 1025 * "ü"], 1, "longer than the 2048 bytes"),
        (["put_item", "{}", "--file", "x"], 2, "given twice"),
        (["put_item", "--file", "nowhere.json"], 2, "The item can't be read: nowhere.json: No such file or directory."),
        (["get_item"], 2, "required: key"),
        (["list_items", "--limit", "0"], 2, "above 0"),
        (["list_items", "--format", "json"], 2, "invalid choice"),
        (["get_item", ""], 1, 'Item with key "" not found'),
    ],
)
def test_errors_are_on_standard_error(terminal: Terminal, arguments: list[str], code: int, said: str) -> None:
    result = terminal(*arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def test_item_over_400_kb_is_refused(terminal: Terminal) -> None:
    result = terminal("put_item", given='{"a": "' + 410_000 * "x" + '"}')
    assert (result.code, result.err) == (1, "picus: The item is larger than the 400 KB that DynamoDB holds.\n")


def test_list_is_a_line_per_item_up_to_the_limit(terminal: Terminal) -> None:
    for number in range(30):
        terminal.table.put_item(Item={"object_id": f"k{number}", "n": number, "s": {"x"}})
    everything = [json.loads(line) for line in terminal("list_items").out.splitlines()]
    assert sorted(item["n"] for item in everything) == list(range(30))
    assert everything[0]["s"] == ["x"]
    assert len(terminal("list_items", "--limit", "7").out.splitlines()) == 7
    rows = [json.loads(line)["Item"] for line in terminal("list_items", "--format", "dynamodb").out.splitlines()]
    assert {row["s"]["SS"][0] for row in rows} == {"x"}


def test_list_takes_filter_and_fields_of_the_api(terminal: Terminal) -> None:
    for number in range(30):
        terminal.table.put_item(Item={"object_id": f"k{number}", "n": number, "a": {"b": number, "c": 1}})
    found = terminal("list_items", "--filter", 'n >= 27 OR object_id = "k0"', "--fields", "a.b,n")
    assert found.code == 0
    items = sorted(map(json.loads, found.out.splitlines()), key=lambda item: int(item["n"]))
    assert items == [{"object_id": f"k{n}", "n": n, "a": {"b": n}} for n in (0, 27, 28, 29)]
    assert all(line.startswith('{"object_id":') for line in found.out.splitlines())
    assert len(terminal("list_items", "--filter", "n < 20", "--limit", "7").out.splitlines()) == 7
    assert terminal("list_items", "--filter", "n > 99").out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--filter", "n >"], "--filter is wrong at character 4, where it ends: a JSON value is expected here"),
        (["--filter", ""], "--filter is empty: leave it out."),
        (["--fields", ""], "--fields is empty: leave it out."),
        (["--fields", "a,"], "--fields is wrong at character 3, where it ends: an attribute name is expected here"),
        (["--filter", "picus_version:*"], "--filter is wrong at character 1"),
        (["--fields", ",".join(f"a{n}" for n in range(2000))], "--fields is wrong at character 1"),
    ],
)
def test_wrong_list_option_is_a_usage_error(terminal: Terminal, arguments: list[str], message: str) -> None:
    result = terminal("list_items", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"picus: {message}")


def test_closed_pipe_ends_a_command_silently(terminal: Terminal) -> None:
    for number in range(40):
        terminal.table.put_item(Item={"object_id": f"k{number}", "text": "x" * 100_000})
    for command in (["list_items"], ["export_items"], ["export_items", "--segments", "3", "--format", "json"]):
        process = terminal.start(*command)
        assert process.stdout
        process.stdout.read(1000)
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (1, b"")


@pytest.mark.parametrize("command", sorted(OWN))
def test_help_has_examples_and_no_options_of_django(terminal: Terminal, command: str) -> None:
    result = terminal(command, "--help")
    assert result.code == 0
    _, _, examples = result.out.partition("\nexamples:\n")
    lines = examples.partition("\n\nExit status: 0 ")[0].splitlines()
    assert lines
    assert all(line.startswith("  ") and f"./picus {command}" in line for line in lines if "./picus" in line)
    assert not [name for name in ("--pythonpath", "--verbosity", "--traceback") if name in result.out]


def test_refused_table_name_is_called_a_table(terminal: Terminal) -> None:
    with faulty_dynamodb(terminal.url, lambda operation, _: (400, "ValidationException")) as url:
        for command, about in (("create_table", f"table {terminal.table.name!r}"), ("count_items", "request")):
            result = terminal(command, url=url)
            assert (result.code, result.out) == (1, "")
            assert result.err == f"picus: DynamoDB refuses the {about}: on demand\n"


def test_file_errors_have_no_number(terminal: Terminal) -> None:
    terminal.file("items.ndjson", '{"a": 1}\n')
    for command in (
        ["import_items", "items.ndjson", "--checkpoint", "no/c"],
        ["export_items", "no/x.ndjson", "--checkpoint", "c"],
        ["export_items", "x.ndjson", "--checkpoint", "no/c"],
    ):
        result = terminal(*command)
        assert (result.code, result.out) == (2, "")
        assert "No such file or directory" in result.err
        assert "Errno" not in result.err


def test_unset_table_says_what_to_do(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("DYNAMODB_TABLE_NAME")
        reset_transport()
        result = terminal("list_items")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("picus: DYNAMODB_TABLE_NAME is not set. Start `make run`, whose table ")


def test_missing_credentials_are_a_usage_error(terminal: Terminal) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"DYNAMODB_TABLE_NAME": "xyz", "HOME": str(terminal.folder), "AWS_REGION": "eu-central-1"}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "DYNAMODB_ENDPOINT_URL": terminal.url}
    command = [sys.executable, str(ROOT / "manage.py"), "create_table"]
    result = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"picus: There are no AWS credentials: set AWS_PROFILE")


def test_missing_table_fails_with_its_name(terminal: Terminal) -> None:
    terminal.file("items.ndjson", '{"a": 1}\n')
    commands = (["list_items"], ["get_item", "k"], ["put_item", "{}"], ["delete_item", "k"])
    terminal.table.delete()
    many = (["export_items"], ["import_items", "items.ndjson"], ["delete_items", "--filter", "n = 1", "--yes"])
    for command in (*commands, *many, ["count_items"], ["count_items", "--estimated"], ["patch_item", "k", "{}"]):
        result = terminal(*command)
        assert (result.code, result.out) == (1, "")
        missing = f"picus: There is no table {terminal.table.name}: create it with ./picus create_table, or set "
        assert result.err.endswith(f"{missing}DYNAMODB_TABLE_NAME.\n")
    assert [path.name for path in terminal.folder.iterdir()] == ["items.ndjson"]


@pytest.mark.parametrize("command", [["list_items"], ["get_item", "k"], ["put_item", "{}"], ["delete_item", "k"]])
def test_unreachable_dynamodb_is_said_once_without_log_lines(terminal: Terminal, command: list[str]) -> None:
    result = terminal(*command, url=f"http://127.0.0.1:{free_port()}")
    assert (result.code, result.out) == (1, "")
    [line] = result.err.splitlines()
    assert line.startswith("picus: The table can't be reached: ")
    assert line.endswith(" failed: Connection refused")


def test_text_that_is_not_utf_8_is_refused(terminal: Terminal) -> None:
    result = terminal("put_item", given=b'{"a": "\xff"}')
    assert result.code == 1
    assert "not valid UTF-8" in result.err
    assert wait_for_result(terminal.start("put_item", b'{"a": "\xff"}')).code == 1  # type: ignore[arg-type]


def test_endless_item_is_refused(terminal: Terminal) -> None:
    for command in (["--file", "/dev/zero"], ["--file", "-"]):
        result = terminal("put_item", *command, given=b"x" * (5 * 2**20))
        assert result.code == 2
        assert "longer than 4,194,304 bytes" in result.err


@pytest.mark.parametrize("command", ["get_item", "delete_item"])
def test_key_that_is_not_utf_8_is_a_usage_error(terminal: Terminal, command: str) -> None:
    result = terminal.run_process(command, "\udcff")
    assert result.code == 2
    assert "must be UTF-8" in result.err


def test_closed_standard_output_is_a_failure(terminal: Terminal) -> None:
    environment = os.environ | CREDENTIALS | {"DYNAMODB_TABLE_NAME": "x", "DYNAMODB_ENDPOINT_URL": terminal.url}
    script = f"exec {sys.executable} {ROOT}/manage.py list_items 1>&-"
    result = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (1, b"picus: Standard output is closed.\n")


def test_missing_region_is_a_usage_error(terminal: Terminal) -> None:
    names = ("AWS_", "DYNAMODB_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    environment |= {"DYNAMODB_TABLE_NAME": "xyz", "HOME": str(terminal.folder), "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, str(ROOT / "manage.py"), "list_items"]
    result = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (2, b"picus: AWS_REGION is not set.\n")


def test_table_is_for_people(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    terminal.table.put_item(Item={"object_id": "k", "n": Decimal("-1.50"), "text": "x\n" + 100 * "y"})
    result = terminal("list_items", "--output", "table", "--fields", "n,text")
    assert result == (0, f"object_id     n  text\nk          -1.5  x\\n{100 * 'y'}\n", "")
    monkeypatch.setenv("COLUMNS", "30")
    result = terminal("list_items", "--output", "table", "--fields", "n,text,a,b,c,d,e,f,g,h")
    assert max(map(len, result.out.splitlines())) <= 30
    assert result.err.endswith(" more attributes have no room: choose columns with --fields.\n")
    refused = terminal("list_items", "--output", "table", "--format", "dynamodb")
    assert (refused.code, "leave out --format" in refused.err) == (2, True)
