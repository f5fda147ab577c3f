"""./picus: the list of commands, the version, and errors in one line."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.dynamodb import ROOT
from tests.service.commands.conftest import Terminal

OWN = {name for name, app in get_commands().items() if app.startswith("picus_")}


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_the_commands_of_picus_first(terminal: Terminal, arguments: list[str]) -> None:
    result = terminal(*arguments)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "usage: ./picus COMMAND [options]"
    names = [line.split()[0] for line in lines if line.startswith("    ") and line[4] != " "]
    assert set(names[: len(OWN)]) == OWN
    assert names[len(OWN) :] == ["diffsettings", "shell"]
    assert "    get_item          Print the item with a key on one line" in result.out


@pytest.mark.parametrize("argument", ["--version", "version"])
def test_version_is_that_of_picus(terminal: Terminal, argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PICUS_COMMIT", raising=False)
    assert terminal(argument) == (0, "Picus 0.1.0\n", "")
    monkeypatch.setenv("PICUS_COMMIT", "abc")
    assert terminal(argument) == (0, "Picus 0.1.0 (commit abc)\n", "")


@pytest.mark.parametrize("name", ["migrate", "runserver", "collectstatic", "startapp", "dumpdata", "test"])
def test_command_of_django_without_use_is_refused(terminal: Terminal, name: str) -> None:
    for arguments in ([name], ["help", name]):
        message = f"picus: {name} is a command of Django that has no use here. ./picus help lists the commands.\n"
        assert terminal(*arguments) == (2, "", message)


@pytest.mark.parametrize(("name", "hint"), [("list_itms", " Did you mean list_items?"), ("zzz", "")])
def test_unknown_command_is_refused_with_a_hint(terminal: Terminal, name: str, hint: str) -> None:
    message = f"picus: There is no command {name!r}.{hint} ./picus help lists the commands.\n"
    assert terminal(name) == (2, "", message)


def test_usage_has_the_name_of_the_launcher(terminal: Terminal) -> None:
    for arguments in (["help", "get_item"], ["get_item", "--help"]):
        assert terminal(*arguments).out.startswith("usage: ./picus get_item [-h]")
    result = terminal("get_item")
    assert result.code == 2
    assert result.err.endswith("./picus get_item: error: the following arguments are required: key\n")


def test_commands_of_django_have_errors_without_a_prefix(terminal: Terminal) -> None:
    result = terminal("diffsettings", "--no-color", "--force-color")
    assert result.code == 1
    assert result.err.startswith("picus: The --no-color and --force-color options can't be used together.")


@pytest.mark.parametrize("command", [["help"], ["diffsettings", "--all"]])
def test_closed_pipe_ends_help_silently(terminal: Terminal, command: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [ROOT / "picus", *command], stdout=write, stderr=subprocess.PIPE, cwd=terminal.folder, check=False
    )
    os.close(write)
    assert (process.returncode, process.stderr) == (1, b"")


def test_check_says_that_all_is_well(terminal: Terminal) -> None:
    assert terminal("check") == (0, "", "The settings are valid, and the table responds.\n")
    terminal.table.delete()
    result = terminal("check")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"picus: There is no table {terminal.table.name}.")
    assert result.err.endswith("./picus create_table\n")


@pytest.mark.parametrize("through_link", [False, True])
def test_launcher_works_from_any_folder(tmp_path: Path, through_link: bool) -> None:
    launcher = ROOT / "picus"
    if through_link:
        (tmp_path / "link").symlink_to(launcher)
        launcher = tmp_path / "link"
    result = subprocess.run([launcher, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "Picus 0.1.0\n")


def test_launcher_says_how_to_make_the_environment(tmp_path: Path) -> None:
    folder = tmp_path / "a folder's"
    folder.mkdir()
    shutil.copy(ROOT / "picus", folder)
    result = subprocess.run([folder / "picus", "help"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"picus: There is no Python environment in {folder}/.venv. Create it")
