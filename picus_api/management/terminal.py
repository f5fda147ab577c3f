"""Shared code of the operators' commands: help with examples, exit statuses, error messages, options and progress."""

import logging
import os
import signal
import sys
import textwrap
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from botocore.exceptions import NoCredentialsError, NoRegionError
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from tqdm import tqdm

from picus_api.bulk.errors import BulkError, UsageError, file_problem
from picus_api.core.dynamodb.table import is_refusal, refusal_reason, table_name
from picus_api.core.environment import SettingError
from picus_api.core.errors import (
    BadParameter,
    BadRequest,
    IdempotencyTableMissing,
    ItemExists,
    PicusError,
    TableMissing,
    TableUnavailable,
)

FAILED, USAGE = 1, 2
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_STATUS = """Exit status: 0 done, 1 failed, 2 wrong usage or settings.
Data goes to standard output, all else to standard error."""
_NO_TABLE = "Start `make run`, whose table the commands use, or set DYNAMODB_TABLE_NAME."
_NO_CREDENTIALS = (
    "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Beside `make run`, "
    "leave out DYNAMODB_TABLE_NAME and DYNAMODB_ENDPOINT_URL: the commands then use its table and credentials."
)


class _HelpFormatter(RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Keep Django's order of options, and the line breaks of descriptions and examples."""


class HelpfulCommand(BaseCommand):
    """A command whose help ends with examples. Subclasses have a ``summary`` (paragraphs) and ``examples`` (lines)."""

    requires_system_checks = []  # noqa: RUF012 - the command's own error about the table is better
    # Django's options would hide the options of the command.
    suppressed_base_arguments = {  # noqa: RUF012
        "--version",
        "--verbosity",
        "--settings",
        "--pythonpath",
        "--traceback",
        "--no-color",
        "--force-color",
    }
    summary = ""
    examples = ""
    exit_status = _EXIT_STATUS
    intermixed = False
    """True if options may stand between a required and an optional argument."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return Django's parser with the examples and the exit statuses at its end."""
        self.help = textwrap.dedent(self.summary).strip()
        examples = textwrap.indent(textwrap.dedent(self.examples).strip(), "  ")
        epilog = f"examples:\n{examples}\n\n{self.exit_status}"
        return super().create_parser(prog_name, subcommand, epilog=epilog, formatter_class=_HelpFormatter, **kwargs)


class TerminalCommand(HelpfulCommand):
    """A command on the table of items. Subclasses have ``run``."""

    def run(self, options: dict[str, Any]) -> None:
        """Carry out the command. Raises what ``error_message`` knows, BrokenPipeError, KeyboardInterrupt."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command. Raises CommandError with a message in one line and the exit status."""
        if sys.stdout is None:
            raise CommandError("Standard output is closed.", returncode=FAILED)
        handlers = {number: signal.signal(number, _interrupt) for number in _STOP_SIGNALS}
        try:
            with _warnings_only():
                self.run(options)
            sys.stdout.flush()
        except BrokenPipeError:
            exit_silently()
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=FAILED) from None
        except Exception as error:
            raise CommandError(error_message(error), returncode=_exit_status(error)) from error
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def say(self, text: str) -> None:
        """Print a line for the operator on standard error, above any progress bar."""
        tqdm.write(text, file=sys.stderr)

    def emit(self, record: bytes) -> None:
        """Print a line of data on standard output."""
        sys.stdout.buffer.write(record + b"\n")


@contextmanager
def _warnings_only() -> Iterator[None]:
    """Hide log lines below WARNING, for example of retries, unless LOG_LEVEL asks for them.

    If all retries fail, the error message of the command has their cause.
    """
    logger = logging.getLogger("picus_api")
    level = logger.level
    if "LOG_LEVEL" not in os.environ:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _interrupt(*_: object) -> NoReturn:
    for number in _STOP_SIGNALS:
        signal.signal(number, _exit_at_once)
    raise KeyboardInterrupt


def _exit_at_once(*_: object) -> NoReturn:
    """Exit on a second signal without waiting for running requests. The checkpoint has all finished steps."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"Interrupted again.\n")
    os._exit(FAILED)


def exit_silently() -> NoReturn:
    """Exit after the reader of standard output closed it: the output is incomplete, and a message would not help."""
    # Otherwise Python reports at exit that it can't flush what is left: https://docs.python.org/3/library/signal.html
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(FAILED)


def error_message(error: Exception) -> str:
    """Return what went wrong, in one line for the operator. Raises the error again if it is not an expected one."""
    match error:
        case SettingError() if str(error).startswith("DYNAMODB_TABLE_NAME is not set"):
            return f"{error} {_NO_TABLE}"
        case BulkError() | SettingError():
            return str(error)
        case OSError():
            return f"{file_problem(error)}."
        case _ if isinstance(error.__cause__, NoRegionError):
            return "AWS_REGION is not set."
        case _ if isinstance(error.__cause__, NoCredentialsError):
            return _NO_CREDENTIALS
        case BadParameter():
            return error.message.replace(f"The parameter {error.parameter}", f"--{error.parameter}", 1)
        case BadRequest():
            pointer = f" (at {error.pointer})" if error.pointer else ""
            return error.message + pointer
        case ItemExists():
            return f"{error.message} Replace it with --replace."
        case TableMissing() if not isinstance(error, IdempotencyTableMissing):
            return f"There is no table {table_name()}: create it with ./picus create_table, or set DYNAMODB_TABLE_NAME."
        case TableUnavailable() if is_refusal(error):
            return refusal_reason(error)
        case TableUnavailable():
            return f"The table can't be reached: {error.cause}"
        case PicusError():
            return f"{error.message.removesuffix('.')}."
    raise error


def _exit_status(error: Exception) -> int:
    wrong_usage = isinstance(error, SettingError | UsageError | BadParameter) or isinstance(
        error.__cause__, NoRegionError | NoCredentialsError
    )
    return USAGE if wrong_usage else FAILED


def key_argument(text: str) -> str:
    """Return a key from the command line. Raises ArgumentTypeError if it is not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError("must be UTF-8") from None
    return text


def positive_number(kind: Callable[[str], Any], maximum: float) -> Callable[[str], Any]:
    """Return the argparse type of a number above 0. ``kind`` is int or float."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value <= maximum:
            raise ArgumentTypeError(f"must be a number above 0 and up to {maximum:,}, not {text!r}")
        return value

    return read


def item_count(items: int, *, verb: bool = False) -> str:
    """Return "1 item" or "1,000 items", with "is" or "are" after it if ``verb``."""
    return f"{items:,} item{'' if items == 1 else 's'}" + (" is" if items == 1 else " are") * verb


def add_bulk_options(parser: CommandParser, operation: str) -> None:
    """Add the options that ``import`` and ``export`` share."""
    parser.add_argument("--checkpoint", metavar="FILE", help=f"where the {operation} records its progress")
    parser.add_argument("--restart", action="store_true", help="discard the checkpoint and start again")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")


def add_read_options(parser: CommandParser) -> None:
    """Add the options of commands that read the whole table."""
    segments = "segments of the table that are read in parallel; default: %(default)s"
    parser.add_argument("--segments", type=positive_number(int, 256), default=8, metavar="N", help=segments)
    rate = "use at most N read units per second"
    parser.add_argument("--max-rcu", type=positive_number(float, 10**9), metavar="N", help=rate)


def add_write_options(parser: CommandParser) -> None:
    """Add the options of commands that write many items."""
    threads = positive_number(int, 256)
    parser.add_argument("--threads", type=threads, default=8, metavar="N", help="default: %(default)s")
    rate = "use at most N write units per second"
    parser.add_argument("--max-wcu", type=positive_number(float, 10**9), metavar="N", help=rate)


def check_not_empty(options: dict[str, Any], *names: str) -> None:
    """Raise BadParameter if an option is given with an empty text."""
    for name in names:
        if options[name] == "":
            raise BadParameter.empty(name)


def speed(items: int, seconds: float, units: float, unit: str) -> str:
    """Return the time, the rate and the capacity units of a command, for its summary."""
    rate = items / seconds if seconds else 0
    return f"{seconds:.1f} s, {rate:,.0f} items/s, {units:,.0f} {unit}"


def progress_bar(unit: str, total: int | None, **options: Any) -> "tqdm[NoReturn]":
    """Return a bar on standard error, which is hidden unless that is a terminal."""
    return tqdm(total=total or None, unit=unit, disable=None, file=sys.stderr, dynamic_ncols=True, **options)
