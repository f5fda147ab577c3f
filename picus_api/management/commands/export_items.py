"""``manage.py export_items``: the whole table into a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.bulk.exporting import Exporter, ExportOptions, NotJsonRefusal
from picus_api.bulk.formats import FORMATS, JSON, NDJSON, Format
from picus_api.core.errors import TableUnavailable
from picus_api.management.terminal import TerminalCommand, add_bulk_options, counted, positive, progress_bar
from picus_api.table_setup import approximate_count

SUFFIX = ".export-checkpoint"
STDOUT = "-"


class Command(TerminalCommand):
    """A thin face over ``picus_api.bulk.exporting``."""

    summary = """
        Write all items of the table to a file, or to standard output (-, the default). The name says the format:
        .ndjson and .jsonl an item a line, .json one JSON array, and .gz after it compresses; --format says otherwise.
        `--format dynamodb` is DynamoDB's own, {"Item": {...}} a line: the only one that keeps sets and binary, and
        rows as they are. The others refuse to lose anything, unless --lossy.

        A file gets its name when it is complete. An export that ended early goes on when the same command is run again.
        It is no snapshot: what changes meanwhile may be in it or not.
    """
    examples = """
        manage.py export_items items.ndjson.gz
        manage.py export_items items.json.gz --format dynamodb
        manage.py export_items | head
        manage.py export_items items.ndjson --max-rcu 100 --segments 2
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Those of this command."""
        parser.add_argument("output", nargs="?", default=STDOUT, metavar="FILE", help="default: standard output")
        parser.add_argument("--format", choices=list(FORMATS), help="default: by the file's name, else ndjson")
        parser.add_argument("--lossy", action="store_true", help="write sets as arrays and binary as base64")
        parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
        segments = "segments of the table that are read side by side; default: %(default)s"
        parser.add_argument("--segments", type=positive(int, 256), default=8, metavar="N", help=segments)
        rate = "use at most N read units a second"
        parser.add_argument("--max-rcu", type=positive(float, 10**9), metavar="N", help=rate)
        add_bulk_options(parser, "export")

    def run(self, options: dict[str, Any]) -> None:
        """Export them."""
        chosen = _chosen(options)
        if chosen.path and chosen.path.exists() and not options["overwrite"]:
            raise UsageError(f"{chosen.path} is there already: --overwrite replaces it.")
        count = approximate_count()
        if options["dry_run"]:
            about = "an unknown number of" if count is None else f"about {count:,}"
            self.say(f"Would write {about} items to {options['output']} ({chosen.format.name}); nothing was written.")
            return
        with progress_bar(" items", count) as bar:
            self._export(Exporter(chosen, bar.update), chosen)

    def _export(self, exporter: Exporter, chosen: ExportOptions) -> None:
        if exporter.checkpoint.resumed:
            self.say(f"Going on with the export that {chosen.checkpoint} tells of.")
        try:
            done = exporter.run()
        except NotJsonRefusal:
            raise
        except (BulkError, TableUnavailable, KeyboardInterrupt):
            again = "; run the same command again to go on" if chosen.checkpoint else ""
            self.say(f"{counted(exporter.items + exporter.before, verb=True)} exported{again}.")
            raise
        before = f" ({done.before:,} more were exported before)" if done.before else ""
        rate = done.items / done.seconds if done.seconds else 0
        speed = f"{done.seconds:.1f} s, {rate:,.0f} items/s, {done.units:,.0f} RCU"
        self.say(f"{counted(done.items)} exported{before}: {speed}.")


def _chosen(options: dict[str, Any]) -> ExportOptions:
    path = None if options["output"] == STDOUT else _regular(Path(options["output"]))
    if path is None and options["checkpoint"]:
        raise UsageError("Standard output can't be gone on with: name a file, or leave --checkpoint out.")
    checkpoint = Path(options["checkpoint"]) if options["checkpoint"] else path and path.with_name(path.name + SUFFIX)
    return ExportOptions(
        path=path,
        format=FORMATS[options["format"]] if options["format"] else _named(path),
        zipped=path is not None and path.suffix == ".gz",
        segments=options["segments"],
        max_rcu=options["max_rcu"],
        lossy=options["lossy"],
        checkpoint=checkpoint,
        restart=options["restart"],
    )


def _regular(path: Path) -> Path:
    """Where a link leads to. Raises UsageError for what no file can take the place of."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file: name a file, or redirect standard output.")
    return path


def _named(path: Path | None) -> Format:
    """The format that a file's name says."""
    return JSON if path and path.name.removesuffix(".gz").endswith(".json") else NDJSON
