"""``./picus create_token``: create a token for clients."""

import re
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser

from picus_api.core.access.access import SCOPES
from picus_api.core.keys import is_reserved
from picus_api.management.changes import log_change
from picus_api.management.terminal import TerminalCommand, key_argument
from picus_api.token_admin import create_token

MAX_LABEL, MAX_PREFIX_BYTES = 100, 1024
_LIFETIME = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Command(TerminalCommand):
    summary = """
        Create a token and print it, once: only its hash is stored. Clients send it as `Authorization: Bearer TOKEN`.
        A token with a prefix reads, lists, writes and deletes only items whose key begins with it.
    """
    examples = """
        ./picus create_token --label ci --scopes read,write
        ./picus create_token --label team-a --scopes read,write,delete --prefix team-a/ --expires 90d
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--label", required=True, type=_label, help="who or what uses the token, for logs")
        parser.add_argument("--scopes", required=True, type=_scopes, help="one or more of read,write,delete")
        parser.add_argument("--prefix", type=_prefix, help="what the keys of its items begin with")
        parser.add_argument("--expires", type=_lifetime, metavar="90d", help="lifetime; default: it does not expire")

    def run(self, options: dict[str, Any]) -> None:
        created = create_token(options["label"], options["scopes"], options["prefix"] or "", options["expires"])
        record = created.record
        self.say(f"Created the token {record.token_id}. Standard output has it, once:")
        about = {"scopes": ",".join(sorted(record.scopes)), "prefix": record.prefix or None, "expires": record.expires}
        log_change("create_token", token=record.token_id, label=record.label, **about)
        self.emit(created.text.encode())


def _label(text: str) -> str:
    if not (text.isprintable() and text.strip() and len(text) <= MAX_LABEL):
        raise ArgumentTypeError(f"must be 1 to {MAX_LABEL} printable characters")
    return text


def _scopes(text: str) -> frozenset[str]:
    words = text.split(",")
    for word in words:
        if word not in SCOPES:
            raise ArgumentTypeError(f"must list {', '.join(SCOPES)}, not {word!r}")
    return frozenset(words)


def _prefix(text: str) -> str:
    if not text:
        raise ArgumentTypeError("must not be empty: leave --prefix out for a token for all items")
    prefix = key_argument(text)
    if len(prefix.encode()) > MAX_PREFIX_BYTES:
        raise ArgumentTypeError(f"must have at most {MAX_PREFIX_BYTES} bytes")
    if is_reserved(f"{prefix}x"):
        raise ArgumentTypeError("belongs to other paths of the service: no item can have such a key")
    return prefix


def _lifetime(text: str) -> int:
    match = _LIFETIME.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"must be a number with s, m, h or d after it, such as 90d, not {text!r}")
    return int(match[1]) * _SECONDS[match[2]]
