"""``./picus import_items``: store the items of files."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.bulk.formats import FORMATS, Format
from picus_api.bulk.importer import Importer, ImportOptions, ImportResult, OnProgress, check_files
from picus_api.bulk.input_files import InputFile, find_input_files
from picus_api.core.errors import TableUnavailable
from picus_api.management.changes import add_read_only_option, check_writable, log_change
from picus_api.management.terminal import (
    TerminalCommand,
    add_bulk_options,
    add_write_options,
    item_count,
    progress_bar,
    speed,
)

_CHECKPOINT_SUFFIX = ".import-checkpoint"


class Command(TerminalCommand):
    summary = """
        Store the items of files, folders or standard input (-). The format of each file is detected by its first
        record: NDJSON (an item per line), JSON (an array, or objects over several lines), DynamoDB's exports to S3
        ({"Item": {...}} per line), and the output of `aws dynamodb scan`, each plain or gzipped. Other formats are
        refused. A folder may be a full export of DynamoDB to S3, with its manifest.

        An item keeps its object_id; an item without one gets a new key. An item in the table with the same key is
        replaced, unless --on-conflict skip. Of two items in the files with one key, the later one is stored.

        An import that ended early continues when the same command is run again. A checkpoint records the written items.
        It is beside the first file unless --checkpoint names another place, and it is deleted at the end. Pipes have no
        checkpoint unless --checkpoint names one, because they can't be read again.
    """
    examples = """
        ./picus import_items items.ndjson
        ./picus import_items --dry-run items.json.gz
        aws dynamodb scan --table-name other --output json | ./picus import_items -
        aws s3 sync s3://BUCKET/AWSDynamoDB/EXPORT export && ./picus import_items export
        zcat items.ndjson.gz | ./picus import_items - --checkpoint items.checkpoint
        ./picus import_items items.ndjson --max-wcu 200 --threads 4
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="files or folders; - is standard input")
        parser.add_argument("--format", choices=list(FORMATS), help="the kind of the records; default: detected")
        conflict = "what to do with an item whose key is in use; skip takes one request per item; default: %(default)s"
        parser.add_argument("--on-conflict", choices=("replace", "skip"), default="replace", help=conflict)
        add_write_options(parser)
        add_bulk_options(parser, "import")
        add_read_only_option(parser)

    def run(self, options: dict[str, Any]) -> None:
        files = find_input_files(options["files"])
        if sum(file.path is None for file in files) > 1:
            raise UsageError("Standard input can be read once only.")
        chosen = ImportOptions(
            files=files,
            format=FORMATS.get(options["format"]),
            threads=options["threads"],
            max_wcu=options["max_wcu"],
            skip_existing=options["on_conflict"] == "skip",
            checkpoint=_checkpoint(options, files),
            restart=options["restart"],
        )
        size = sum(file.size for file in files)
        with progress_bar("B", size, unit_scale=True, unit_divisor=1024) as bar:
            on_progress = _show_on(bar)
            if options["dry_run"]:
                count = check_files(chosen, self._say_format, on_progress)
                bar.close()
                self.say(f"{item_count(count)} can be imported; nothing was written.")
            else:
                check_writable(options)
                check = partial(check_writable, options)
                self._import(Importer(chosen, self._say_format, on_progress, check), chosen)

    def _import(self, importer: Importer, chosen: ImportOptions) -> None:
        if importer.checkpoint.resumed:
            self.say(f"Continuing the import that {chosen.checkpoint} records.")
        try:
            try:
                result = importer.run()
            finally:
                if importer.items:
                    log_change("import", count=importer.items)
        except (BulkError, TableUnavailable, KeyboardInterrupt):
            if importer.can_continue:
                written = importer.items + importer.before
                advice = "; run the same command again to continue" if chosen.checkpoint else ""
                self.say(f"{item_count(written, verb=True)} imported{advice}.")
            raise
        self.say(_summary(result))

    def _say_format(self, file: InputFile, file_format: Format) -> None:
        self.say(f"Reading {file.name} ({file_format.name}).")


def _show_on(bar: "tqdm[Any]") -> OnProgress:
    done = 0

    def on_progress(items: int, position: int) -> None:
        nonlocal done
        done += items
        bar.set_postfix_str(f"{done:,} items", refresh=False)
        bar.update(max(0, position - bar.n))

    return on_progress


def _checkpoint(options: dict[str, Any], files: Sequence[InputFile]) -> Path | None:
    """Return the checkpoint file. An import from a pipe has none by default, because a pipe can't be read again."""
    if options["checkpoint"]:
        return Path(options["checkpoint"])
    if any(not file.is_regular for file in files):
        return None
    path = Path(options["files"][0]).absolute()
    return path.with_name(path.name + _CHECKPOINT_SUFFIX)


def _summary(result: ImportResult) -> str:
    before = f" ({result.before:,} more were imported before)" if result.before else ""
    skipped = f", {result.skipped:,} of them skipped because their keys are in use" if result.skipped else ""
    cost = speed(result.items, result.seconds, result.units, "WCU")
    return f"{item_count(result.items)} imported{skipped}{before}: {cost}."
