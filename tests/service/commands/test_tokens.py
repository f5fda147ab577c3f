"""create_token, list_tokens, revoke_token and read_only, and the audit lines of commands."""

import getpass
import json
import re
from typing import Any

import pytest

from picus_api.core.access import access
from picus_api.core.access.access import Credentials
from picus_api.core.errors import PicusError
from picus_api.table_setup import create_missing, table_specs
from tests.service.commands.conftest import Terminal, ndjson, wait_for_result, wait_for_steps


@pytest.fixture
def tokens(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal whose token table exists, and whose reads of it are not kept."""
    monkeypatch.setenv("ACCESS_CACHE_SECONDS", "0")
    access.rules.cache_clear()
    create_missing(table_specs()[2])
    return terminal


def refusal(text: str, scope: str) -> str | None:
    try:
        access.authenticate(Credentials(f"Bearer {text}", None, None)).check_scope(scope)
    except PicusError as error:
        return error.code
    return None


def test_token_is_created_listed_and_revoked(tokens: Terminal) -> None:
    options = ["--label", "team a", "--scopes", "write,read", "--prefix", "team-a/", "--expires", "90d"]
    created = tokens("create_token", *options)
    assert created.code == 0
    text = created.out.removesuffix("\n")
    assert re.fullmatch(r"picus_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", text)
    token_id = text.split("_")[1]
    assert created.err == f"Created the token {token_id}. Standard output has it, once:\n"
    assert refusal(text, "write") is None
    assert refusal(text, "delete") == "insufficient_scope"
    listed = json.loads(tokens("list_tokens", "--json").out)
    times = {name: listed.pop(name) for name in ("created", "expires")}
    assert listed == {"id": token_id, "label": "team a", "scopes": ["read", "write"], "prefix": "team-a/"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times.values())
    heading, row = tokens("list_tokens").out.splitlines()
    assert heading.split() == ["ID", "LABEL", "SCOPES", "PREFIX", "CREATED", "EXPIRES"]
    assert row.split() == [token_id, "team", "a", "read,write", "team-a/", *times.values()]
    assert text.rpartition("_")[2] not in tokens("list_tokens", "--json").out
    assert tokens("revoke_token", text).code == 0
    assert refusal(text, "read") == "invalid_token"
    assert tokens("revoke_token", token_id).err == f"picus: There is no token with the id {token_id}.\n"


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--scopes", "read,admin", "must list read, write, delete, not 'admin'"),
        ("--scopes", "", "must list"),
        ("--prefix", "", "must not be empty"),
        ("--prefix", "get/", "belongs to other paths"),
        ("--prefix", "put/x", "belongs to other paths"),
        ("--prefix", "é" * 513, "must have at most 1024 bytes"),
        ("--expires", "90", "such as 90d"),
        ("--expires", "0d", "such as 90d"),
        ("--label", " ", "1 to 100 printable"),
        ("--label", "a\nb", "1 to 100 printable"),
    ],
)
def test_wrong_option_of_a_token_is_refused(terminal: Terminal, option: str, value: str, reason: str) -> None:
    options = {"--label": "x", "--scopes": "read", option: value}
    result = terminal("create_token", *(f"{name}={given}" for name, given in options.items()))
    assert result.code == 2
    assert reason in result.err


def test_read_only_stops_commands_that_write(tokens: Terminal) -> None:
    tokens.table.put_item(Item={"object_id": "k"})
    tokens.file("items.ndjson", '{"object_id": "n"}\n')
    commands = (["put_item", "{}"], ["delete_item", "k"], ["import_items", "items.ndjson"])
    assert tokens("read_only", "status").out == "off\n"
    assert tokens("read_only", "on").code == 0
    assert tokens("read_only", "status").out == "on\n"
    for command in commands:
        result = tokens(*command)
        assert (result.code, result.out) == (1, "")
        assert "picus: Read-only is on" in result.err
    assert tokens("get_item", "k").code == 0
    assert [tokens(*command, "--even-if-read-only").code for command in commands] == [0, 0, 0]
    assert tokens("read_only", "off").code == 0
    assert tokens("put_item", "{}").code == 0


def test_read_only_stops_commands_in_progress(tokens: Terminal) -> None:
    tokens.file("items.ndjson", ndjson({"n": number} for number in range(2000)))
    checkpoints = {
        ("import_items", "items.ndjson", "--max-wcu=400"): tokens.folder / "items.ndjson.import-checkpoint",
        ("delete_items", "--filter=n >= 0", "--yes", "--max-wcu=400"): tokens.folder
        / f"{tokens.table.name}.delete-checkpoint",
    }
    for (command, *options), checkpoint in checkpoints.items():
        process = tokens.start(command, *options)
        wait_for_steps(checkpoint, 3, process)
        assert tokens("read_only", "on").code == 0
        stopped = wait_for_result(process)
        assert stopped.code == 1
        assert "run the same command again to continue." in stopped.err
        assert "picus: Read-only is on" in stopped.err
        assert 0 < len(tokens.rows()) < 2000
        assert tokens("read_only", "off").code == 0
        assert tokens(command, *(option for option in options if "wcu" not in option)).code == 0
    assert tokens.rows() == []


def test_commands_write_audit_lines_with_the_user(tokens: Terminal) -> None:
    tokens.file("items.ndjson", '{"a": 1}\n{"a": 2}\n')
    lines = [
        audit_line(tokens, *command)
        for command in (
            ["put_item", "--key", "k", "{}"],
            ["put_item", "--key", "k", "--replace", "{}"],
            ["delete_item", "k"],
            ["import_items", "items.ndjson"],
            ["create_token", "--label=ci", "--scopes=read"],
            ["read_only", "off"],
        )
    ]
    assert all(line["user"] == getpass.getuser() and line["compute"] == "command" for line in lines)
    about = [{name: line[name] for name in ("key", "count", "label", "scopes") if name in line} for line in lines]
    assert list(zip([line["action"] for line in lines], about, strict=True)) == [
        ("create", {"key": "k"}),
        ("replace", {"key": "k"}),
        ("delete", {"key": "k"}),
        ("import", {"count": 2}),
        ("create_token", {"label": "ci", "scopes": "read"}),
        ("read_only_off", {}),
    ]
    assert lines[1]["etag_before"] == lines[0]["etag_after"] != lines[1]["etag_after"]


def audit_line(terminal: Terminal, *command: str) -> dict[str, Any]:
    """Run a command in a process, and return its only audit line."""
    process = terminal.start(*command)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    [line] = [line for line in err.decode().splitlines() if '"picus.audit"' in line]
    found: dict[str, Any] = json.loads(line)
    return found
