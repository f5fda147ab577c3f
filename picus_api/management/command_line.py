"""The command line of Picus: ``./picus COMMAND``. Its commands are Django's management commands."""

import sys
import textwrap
import tomllib
from difflib import get_close_matches
from pathlib import Path

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from picus_api import health
from picus_api.management.terminal import USAGE, exit_silently

PROGRAM = "./picus"
# Commands of Django that are of use here. Most of the others need a database.
_DJANGO_COMMANDS = ("diffsettings", "shell")
_NAME_COLUMN = 18


def run_command_line(arguments: list[str]) -> None:
    """Run the command of these arguments. Exits with its status if it is not 0. Raises SettingError."""
    django.setup()
    try:
        _dispatch(arguments)
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        exit_silently()
    except CommandError as error:
        if "--traceback" in arguments:
            raise
        print(f"picus: {error}", file=sys.stderr)
        sys.exit(error.returncode)
    except ImproperlyConfigured as error:
        print(f"picus: {error}", file=sys.stderr)
        sys.exit(USAGE)


def _dispatch(arguments: list[str]) -> None:
    match arguments:
        case [] | ["help" | "--help" | "-h"]:
            print(_help())
        case ["version" | "--version"]:
            print(_version())
        case ["help", name, *_]:
            _run_command(name, ["--help"])
        case [name, *options]:
            _run_command(name, options)


def _run_command(name: str, options: list[str]) -> None:
    command = _load(name)
    # As in Django's own command line: the parser exits on an error instead of raising it.
    command._called_from_command_line = True  # type: ignore[attr-defined]
    parser = command.create_parser(PROGRAM, name)
    parser.prog = f"{PROGRAM} {name}"
    # argparse takes an optional argument as missing if an option stands before it, unless it parses intermixed. That
    # does not know "--".
    intermixed = getattr(command, "intermixed", False) and "--" not in options
    values = vars(parser.parse_intermixed_args(options) if intermixed else parser.parse_args(options))
    positional = values.pop("args", ())
    command.execute(*positional, **values)


def _load(name: str) -> BaseCommand:
    """Return the command with this name. Raises CommandError if there is none."""
    commands = _commands()
    if name in commands:
        return load_command_class(commands[name], name)
    close = get_close_matches(name, commands, n=1)
    problem = f"There is no command {name!r}."
    if name in get_commands():
        problem = f"{name} is a command of Django that has no use here."
    elif close:
        problem += f" Did you mean {close[0]}?"
    raise CommandError(f"{problem} {PROGRAM} help lists the commands.", returncode=USAGE)


def _commands() -> dict[str, str]:
    """Return the names of the commands, each with the name of its app."""
    return {name: app for name, app in get_commands().items() if app.startswith("picus_") or name in _DJANGO_COMMANDS}


def _help() -> str:
    commands = sorted(_commands().items())
    own = [_line(name, app) for name, app in commands if app.startswith("picus_")]
    django_lines = [_line(name, app) for name, app in commands if not app.startswith("picus_")]
    return "\n".join(
        [
            f"usage: {PROGRAM} COMMAND [options]",
            "",
            "commands:",
            *own,
            "",
            "commands of Django:",
            *django_lines,
            "",
            f"{PROGRAM} COMMAND --help shows the options of a command, with examples.",
        ]
    )


def _line(name: str, app: str) -> str:
    """Return the name and the first sentence of a command's help."""
    command = load_command_class(app, name)
    text = " ".join((getattr(command, "summary", "") or command.help).split())
    sentence = text.partition(". ")[0].removesuffix(".") + "."
    indent = " " * (_NAME_COLUMN + 4)
    return textwrap.fill(f"    {name:<{_NAME_COLUMN}}{sentence}", 100, subsequent_indent=indent)


def _version() -> str:
    root = Path(settings.BASE_DIR)
    known = health.version(str(root))
    project = root / "pyproject.toml"
    release = tomllib.loads(project.read_text())["project"]["version"] if project.is_file() else known["version"]
    return f"Picus {release}" if known["commit"] == "unknown" else f"Picus {release} (commit {known['commit']})"
