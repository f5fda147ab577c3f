#!/usr/bin/env python
"""Run a command with this project's settings."""

import os
import shlex
import sys
from pathlib import Path

from picus_api.core.environment import SettingError


def use_local_stack() -> None:
    """Use the settings of a running ``make run`` as a whole, unless the environment names a table or server."""
    stack = Path(os.environ.get("LOCAL_DATA_DIR") or Path(__file__).parent / ".local") / "stack.env"
    if "DYNAMODB_TABLE_NAME" in os.environ or "DYNAMODB_ENDPOINT_URL" in os.environ or not stack.is_file():
        return
    variables = dict(word.split("=", 1) for word in shlex.split(stack.read_text()))
    if "AWS_ACCESS_KEY_ID" in variables:
        # The stack has its credentials here: the caller's profile, region and keys must not mix with them.
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
    os.environ.update(variables)


def main() -> None:
    """Run the command of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "picus_project.settings")
    if sys.argv[1:] == ["serve"]:
        # Without Django, whose start takes as long as the rest of the local stack's.
        from picus_project.management.commands.serve import serve  # noqa: PLC0415

        serve()
    if sys.argv[1:2] != ["doctor"]:  # it checks AWS, or the server that it is given
        use_local_stack()
    from picus_api.management.command_line import run_command_line  # noqa: PLC0415

    run_command_line(sys.argv[1:])


if __name__ == "__main__":
    try:
        main()
    except SettingError as error:
        print(f"picus: {error}", file=sys.stderr)
        sys.exit(2)
