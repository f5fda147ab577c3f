"""Respect the read-only switch in commands, and write their audit lines with the user of the operating system."""

import getpass
import os
import socket
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import BulkError
from picus_api.core import audit
from picus_api.core.access.access import rules


def add_read_only_option(parser: CommandParser) -> None:
    """Add the option of commands that change items."""
    parser.add_argument("--even-if-read-only", action="store_true", help="write although read-only is on")


def check_writable(options: dict[str, Any]) -> None:
    """Raise BulkError if read-only is on and the option does not overrule it. Raises TableUnavailable."""
    if not options["even_if_read_only"] and rules().tokens.is_read_only():
        raise BulkError("Read-only is on (./picus read_only status): --even-if-read-only writes anyway.")


def log_change(action: str, **about: Any) -> None:
    """Write the audit line of a change by this command. See ``audit.log_change``."""
    audit.log_change({"compute": "command", "client": socket.gethostname(), "user": _user()}, action, **about)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A container's user may have no name.
        return str(os.getuid())
