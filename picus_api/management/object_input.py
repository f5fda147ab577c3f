"""The JSON object that a command takes from its argument, from a file, or from standard input."""

import sys
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandParser

from picus_api.bulk.errors import UsageError, file_problem
from picus_api.bulk.record_reader import MAX_RECORD_BYTES


def add_object_arguments(parser: CommandParser, noun: str) -> None:
    """Add the positional argument with this name, and --file."""
    parser.add_argument(noun, nargs="?", help="the JSON object; default: --file or standard input")
    parser.add_argument("--file", metavar="FILE", help="read the object from this file; - is standard input")


def read_object(options: dict[str, Any], noun: str) -> bytes:
    """Return the text of the object, whose argument has the name ``noun``. Raises UsageError."""
    argument, file = options[noun], options["file"]
    if argument is not None and file is not None:
        raise UsageError(f"The {noun} is given twice: as an argument and with --file.")
    if argument is not None:
        return bytes(argument.encode(errors="surrogateescape"))
    if file not in (None, "-"):
        try:
            with Path(file).open("rb") as opened:
                return _read_limited(opened, noun)
        except OSError as error:
            raise UsageError(f"The {noun} can't be read: {file_problem(error)}.") from error
    if file is None and sys.stdin.isatty():
        raise UsageError(f"There is no {noun}: give it as an argument, with --file, or on standard input.")
    return _read_limited(sys.stdin.buffer, noun)


def _read_limited(file: BinaryIO, noun: str) -> bytes:
    text = file.read(MAX_RECORD_BYTES + 1)
    if len(text) > MAX_RECORD_BYTES:
        raise UsageError(f"The {noun} is longer than {MAX_RECORD_BYTES:,} bytes, more than any item needs.")
    return text
