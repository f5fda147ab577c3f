"""``./picus export_items``: write the items of the table to a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.bulk.exporter import Exporter, ExportOptions, ExportResult, NotJsonItem
from picus_api.bulk.formats import CSV, FORMATS, JSON, NDJSON, Format, csv_format
from picus_api.core.errors import TableUnavailable
from picus_api.management.terminal import (
    TerminalCommand,
    add_bulk_options,
    add_read_options,
    check_not_empty,
    item_count,
    progress_bar,
    speed,
)
from picus_api.table_setup import approximate_count

_CHECKPOINT_SUFFIX = ".export-checkpoint"
_STDOUT = "-"
_FORMATS_BY_SUFFIX = {"": NDJSON.name, ".ndjson": NDJSON.name, ".jsonl": NDJSON.name, ".json": JSON.name, ".csv": CSV}
_OTHER_COMPRESSION = (".7z", ".br", ".bz2", ".lz4", ".xz", ".zip", ".zst")


class Command(TerminalCommand):
    summary = """
        Write the items of the table to a file, or to standard output (-, the default). The name of the file says the
        format: .ndjson and .jsonl are an item per line, .json is one JSON array, .csv is CSV, and .gz after it
        compresses. --format overrules the name. --filter and --fields work as in the HTTP API.

        `--format dynamodb` is DynamoDB's, {"Item": {...}} per line: the only format that keeps sets and binary, and
        items as they are stored. JSON refuses to lose them, unless --lossy.

        CSV has the columns of --fields, in that order, with numbers exactly, other values than text as JSON, and
        missing attributes empty. A text that a spreadsheet would take for a formula gets an apostrophe in front.

        The file gets its name when it is complete. An export that ended early continues when the same command is run
        again. An export is no snapshot: it may or may not include changes that happen meanwhile.
    """
    examples = """
        ./picus export_items items.ndjson.gz
        ./picus export_items items.json.gz --format dynamodb
        ./picus export_items | head
        ./picus export_items items.csv --fields object_id,name,address.city
        ./picus export_items open.ndjson --filter 'status = "open"'
        ./picus export_items items.ndjson --max-rcu 100 --segments 2
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("output", nargs="?", default=_STDOUT, metavar="FILE", help="default: standard output")
        parser.add_argument("--format", choices=[*FORMATS, CSV], help="default: by the name of the file, else ndjson")
        parser.add_argument("--lossy", action="store_true", help="write sets as arrays and binary as base64")
        parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
        parser.add_argument("--filter", metavar="FILTER", help="write the items for which this is true")
        parser.add_argument("--fields", metavar="A,B.C", help="write these attributes, and the key; the columns of CSV")
        add_read_options(parser)
        add_bulk_options(parser, "export")

    def run(self, options: dict[str, Any]) -> None:
        chosen = _chosen(options)
        if chosen.path and chosen.path.exists() and not options["overwrite"]:
            raise UsageError(f"{chosen.path} exists already: replace it with --overwrite.")
        count = approximate_count()
        if options["dry_run"]:
            about = "an unknown number of" if count is None else f"about {count:,}"
            which = f"those of {about} items that match" if chosen.filter else f"{about} items"
            self.say(f"Would write {which} to {options['output']} ({chosen.format.name}); nothing was written.")
            return
        count = None if chosen.filter else count
        with progress_bar(" items", count) as bar:
            self._export(Exporter(chosen, bar.update), chosen)

    def _export(self, exporter: Exporter, chosen: ExportOptions) -> None:
        if exporter.checkpoint.resumed:
            self.say(f"Continuing the export that {chosen.checkpoint} records.")
        try:
            result = exporter.run()
        except NotJsonItem:
            raise
        except (BulkError, TableUnavailable, KeyboardInterrupt):
            advice = "; run the same command again to continue" if chosen.checkpoint else ""
            self.say(f"{item_count(exporter.items + exporter.before, verb=True)} exported{advice}.")
            raise
        self.say(_summary(result))


def _summary(result: ExportResult) -> str:
    before = f" ({result.before:,} more were exported before)" if result.before else ""
    cost = speed(result.items, result.seconds, result.units, "RCU")
    return f"{item_count(result.items)} exported{before}: {cost}."


def _chosen(options: dict[str, Any]) -> ExportOptions:
    check_not_empty(options, "filter", "fields")
    path = None if options["output"] == _STDOUT else _resolved_file(Path(options["output"]))
    if path is None and options["checkpoint"]:
        raise UsageError("An export to standard output can't be continued: name a file, or leave out --checkpoint.")
    beside = path and path.with_name(path.name + _CHECKPOINT_SUFFIX)
    return ExportOptions(
        path=path,
        format=_format(options["format"] or _format_of_name(path), options["fields"]),
        gzipped=path is not None and path.suffix.lower() == ".gz",
        segments=options["segments"],
        max_rcu=options["max_rcu"],
        lossy=options["lossy"],
        checkpoint=Path(options["checkpoint"]) if options["checkpoint"] else beside,
        restart=options["restart"],
        filter=options["filter"],
        fields=options["fields"],
    )


def _format(name: str, fields: str | None) -> Format:
    if name != CSV:
        return FORMATS[name]
    if fields is None:
        raise UsageError("CSV needs columns: name them with --fields, for example --fields object_id,name.")
    return csv_format(fields)


def _resolved_file(path: Path) -> Path:
    """Return the path with its symbolic links resolved. Raises UsageError if it is a folder, a pipe or a device."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a file: name a file, or redirect standard output.")
    if path.suffix.lower() in _OTHER_COMPRESSION:
        raise UsageError(f"An export compresses by gzip (.gz) only, and not into {path.name}.")
    return path


def _format_of_name(path: Path | None) -> str:
    """Return the name of the format that the name of a file says. Raises UsageError for other names."""
    if path is None:
        return NDJSON.name
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in _FORMATS_BY_SUFFIX:
        raise UsageError(
            f"{path.name} does not say a format that an export writes: end it with .ndjson, .jsonl, .json or .csv, "
            "with .gz after it to compress, or use --format."
        )
    return _FORMATS_BY_SUFFIX[suffix]
