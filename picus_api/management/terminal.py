"""What the commands for operators have in common: exit codes, messages, options, help that teaches, progress."""

import logging
import os
import signal
import sys
import textwrap
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from botocore.exceptions import NoRegionError
from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from tqdm import tqdm

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.core.batch_write import is_refusal, refusal_reason
from picus_api.core.environment import SettingError
from picus_api.core.errors import (
    BadRequest,
    ItemExists,
    ItemTooLarge,
    PicusError,
    TableMissing,
    TableThrottled,
    TableUnavailable,
)

FAILED, USAGE = 1, 2
_ENDING = (signal.SIGINT, signal.SIGTERM)
_CODES = """Exit status: 0 done, 1 failed, 2 wrong usage or settings.
Data goes to standard output, all else to standard error."""


class _Formatter(RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Django's order of options, and paragraphs and examples as they are written."""


class TerminalCommand(BaseCommand):
    """A command with ``summary`` (paragraphs), ``examples`` (lines to paste), and ``run``."""

    requires_system_checks = []  # noqa: RUF012 the command itself says what is wrong with the table
    # Django's own options work, but would bury those that matter.
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

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Django's parser, with examples."""
        self.help = textwrap.dedent(self.summary).strip()
        examples = textwrap.indent(textwrap.dedent(self.examples).strip(), "  ")
        epilog = f"examples:\n{examples}\n\n{_CODES}"
        return super().create_parser(prog_name, subcommand, epilog=epilog, formatter_class=_Formatter, **kwargs)

    def run(self, options: dict[str, Any]) -> None:
        """Do it."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say in one line what went wrong."""
        if sys.stdout is None:
            raise CommandError("Standard output is closed.", returncode=FAILED)
        before = {number: signal.signal(number, _interrupt) for number in _ENDING}
        try:
            with _warnings_only():
                self.run(options)
            sys.stdout.flush()
        except BrokenPipeError:
            _leave_quietly()
        except KeyboardInterrupt:
            raise CommandError("Interrupted.", returncode=FAILED) from None
        except (SettingError, UsageError) as error:
            raise CommandError(str(error), returncode=USAGE) from error
        except Exception as error:
            if isinstance(error.__cause__, NoRegionError):
                raise CommandError("AWS_REGION is not set.", returncode=USAGE) from error
            raise CommandError(sentence(error), returncode=FAILED) from error
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def say(self, text: str) -> None:
        """A line for the operator."""
        tqdm.write(text, file=sys.stderr)

    def emit(self, record: bytes) -> None:
        """A line of data."""
        sys.stdout.buffer.write(record + b"\n")


@contextmanager
def _warnings_only() -> Iterator[None]:
    """Hide log lines below WARNING, such as those of retries, unless LOG_LEVEL asks for them.

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
    for number in _ENDING:
        signal.signal(number, _leave_at_once)
    raise KeyboardInterrupt


def _leave_at_once(*_: object) -> NoReturn:
    """Somebody can't wait for what is under way: as after kill -9, a checkpoint has what was done."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, b"Interrupted again.\n")
    os._exit(FAILED)


def _leave_quietly() -> NoReturn:
    """Whoever read the output has gone: not all of it was written, and nobody is there to be told."""
    # Python would complain at exit about what it can't flush any more.
    sys.stdout = None
    sys.exit(FAILED)


def sentence(error: Exception) -> str:
    """What went wrong, for the operator. Raises the error again when it is not known."""
    match error:
        case BulkError() | OSError():
            return str(error)
        case BadRequest():
            at = f" (at {error.pointer})" if error.pointer else ""
            return error.message.replace("The body", "The item", 1) + at
        case ItemExists():
            return "An item with this key is there already: --replace replaces it."
        case ItemTooLarge():
            return "The item is larger than DynamoDB's 400 KB."
        case TableUnavailable() if is_refusal(error):
            return refusal_reason(error)
        case TableThrottled():
            return "DynamoDB still throttles after the retries: try again later, or slower."
        case TableMissing():
            return f"There is no such table: {error.cause}"
        case TableUnavailable():
            return f"The table can't be reached: {error.cause}"
        case PicusError():
            return f"{error.message.removesuffix('.')}."
    raise error


def key(text: str) -> str:
    """A key given as an argument."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError("must be UTF-8") from None
    return text


def counted(items: int, *, verb: bool = False) -> str:
    """So many items, and what they are."""
    return f"{items:,} item{'' if items == 1 else 's'}" + (" is" if items == 1 else " are") * verb


def positive(kind: Callable[[str], Any], most: float) -> Callable[[str], Any]:
    """An option's number, above 0."""

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value <= most:
            raise ArgumentTypeError(f"must be a number above 0 and up to {most:,}, not {text!r}")
        return value

    return read


def add_bulk_options(parser: CommandParser, what: str) -> None:
    """Those of import and export."""
    parser.add_argument("--checkpoint", metavar="FILE", help=f"where the {what} notes how far it is")
    parser.add_argument("--restart", action="store_true", help="forget the checkpoint and begin anew")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")


def progress_bar(unit: str, total: int | None, **options: Any) -> "tqdm[NoReturn]":
    """A bar on standard error, if that is a terminal."""
    return tqdm(total=total or None, unit=unit, disable=None, file=sys.stderr, dynamic_ncols=True, **options)
