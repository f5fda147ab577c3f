"""``manage.py import_items``: many items from files."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from picus_api.bulk.errors import BulkError, UsageError
from picus_api.bulk.formats import FORMATS, Format
from picus_api.bulk.importing import Done, Importer, ImportOptions, check
from picus_api.bulk.sources import STDIN, Source, find_sources
from picus_api.core.errors import TableUnavailable
from picus_api.management.terminal import TerminalCommand, add_bulk_options, counted, positive, progress_bar

SUFFIX = ".import-checkpoint"


class Command(TerminalCommand):
    """A thin face over ``picus_api.bulk.importing``."""

    summary = """
        Store the items of files, folders or standard input (-). The formats are recognised: NDJSON (an item a line),
        one JSON array of items, and DynamoDB's own ({"Item": {...}} a line), each plain or gzipped. A folder may be a
        full export of DynamoDB to S3, with its manifest.

        An item keeps its object_id; one without gets a new key. An item in the table with the same key is replaced,
        unless --on-conflict skip; of two in the files the later one stays.

        An import that ended early goes on when the same command is run again: what is written is noted in a checkpoint,
        beside the first file unless --checkpoint says where, and removed at the end.
    """
    examples = """
        manage.py import_items items.ndjson
        manage.py import_items --dry-run items.json.gz
        aws s3 sync s3://BUCKET/AWSDynamoDB/EXPORT export && manage.py import_items export
        zcat items.ndjson.gz | manage.py import_items - --checkpoint items.checkpoint
        manage.py import_items items.ndjson --max-wcu 200 --threads 4
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Those of this command."""
        parser.add_argument("sources", nargs="+", metavar="FILE", help="files or folders; - is standard input")
        parser.add_argument("--format", choices=list(FORMATS), help="default: recognised by the first bytes")
        conflict = "what to do with an item whose key is in use; skip takes one request per item; default: %(default)s"
        parser.add_argument("--on-conflict", choices=("replace", "skip"), default="replace", help=conflict)
        parser.add_argument("--threads", type=positive(int, 256), default=8, metavar="N", help="default: %(default)s")
        rate = "use at most N write units a second"
        parser.add_argument("--max-wcu", type=positive(float, 10**9), metavar="N", help=rate)
        add_bulk_options(parser, "import")

    def run(self, options: dict[str, Any]) -> None:
        """Import them."""
        sources = find_sources(options["sources"])
        if sum(source.path is None for source in sources) > 1:
            raise UsageError("Standard input can be read once only.")
        chosen = ImportOptions(
            sources=sources,
            format=FORMATS.get(options["format"]),
            threads=options["threads"],
            max_wcu=options["max_wcu"],
            skip_existing=options["on_conflict"] == "skip",
            checkpoint=_checkpoint(options),
            restart=options["restart"],
        )
        size = sum(source.size for source in sources)
        with progress_bar("B", size, unit_scale=True, unit_divisor=1024) as bar:
            done = 0

            def progress(items: int, position: int) -> None:
                nonlocal done
                done += items
                bar.set_postfix_str(f"{done:,} items", refresh=False)
                bar.update(max(0, position - bar.n))

            if options["dry_run"]:
                count = check(chosen, self._announce, progress)
                bar.close()
                self.say(f"{counted(count, verb=True)} fit to be imported; nothing was written.")
            else:
                self._import(Importer(chosen, self._announce, progress), chosen)

    def _import(self, importer: Importer, chosen: ImportOptions) -> None:
        if importer.checkpoint.resumed:
            self.say(f"Going on with the import that {chosen.checkpoint} tells of.")
        try:
            done = importer.run()
        except (BulkError, TableUnavailable, KeyboardInterrupt):
            written = importer.items + importer.before
            again = "; run the same command again to go on" if chosen.checkpoint else ""
            self.say(f"{counted(written, verb=True)} imported{again}.")
            raise
        self.say(_summary(done))

    def _announce(self, source: Source, known: Format) -> None:
        self.say(f"Reading {source.name} ({known.name}).")


def _checkpoint(options: dict[str, Any]) -> Path | None:
    """Where the import notes how far it is; nowhere for standard input, which can't be read again by itself."""
    if options["checkpoint"]:
        return Path(options["checkpoint"])
    first = options["sources"][0]
    if first == STDIN:
        return None
    path = Path(first).absolute()
    return path.with_name(path.name + SUFFIX)


def _summary(done: Done) -> str:
    before = f" ({done.before:,} more were imported before)" if done.before else ""
    skipped = f", {done.skipped:,} of them skipped as their key is in use" if done.skipped else ""
    rate = done.items / done.seconds if done.seconds else 0
    speed = f"{done.seconds:.1f} s, {rate:,.0f} items/s, {done.units:,.0f} WCU"
    return f"{counted(done.items)} imported{skipped}{before}: {speed}."
