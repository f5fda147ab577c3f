"""RESULTS.md's tables of growth, lists and cold starts. Empty where nothing was measured."""

from bench import packages
from bench.bulk import DELAY_MS, ITEMS, LATE_THREADS, SLOW_ITEMS
from bench.bulk import THREADS as BULK_THREADS
from bench.growth import THREADS, WORKERS
from bench.lists import BARE, MOST_ITEMS_FOR_PEERS, PEER_EVERY
from bench.results import Results, spread
from bench.scenarios import TARGET_DELAY_MS
from bench.tables import milliseconds, prose, shown, table
from bench.targets import GET_DELAYED


def threads_and_workers(results: Results) -> str:
    """Throughput and memory by threads and workers."""
    if not results.growth:
        return ""
    body = []
    for workers in WORKERS:
        for threads in THREADS:
            name = f"{workers} x {threads}"
            rates = [shown(spread(w.rate for w in rounds[name]), 0) for rounds in results.growth.values()]
            p99 = shown(spread(w.p99_ms for w in results.growth[GET_DELAYED][name]), 1)
            body.append((workers, threads, *rates, p99, f"{results.growth_resident[name]:.0f}"))
    head = ("workers", "threads", *(f"{name}: requests/s" for name in results.growth))
    head += (f"p99 ms at {TARGET_DELAY_MS} ms", "MB of all workers")
    rounds = len(results.growth[GET_DELAYED]["1 x 1"])
    return f"""## Threads and workers of Picus

All on one core, like a task of one vCPU; {rounds} rounds.

{table(head, body)}"""


def lists(results: Results) -> str:
    """Time, CPU and memory of whole lists."""
    if not results.lists:
        return ""
    body = [_list_row(results, size, name) for size, listings in results.lists.items() for name in listings]
    head = ("items", "", "ms", "÷ bare Scan", "µs/item", "first byte ms", "CPU ms", "CPU µs/item", "peak MB", "rounds")
    page = f"{results.page_items} items" if results.page_items else "up to 1 MB"
    about = f"""The bare Scan fetches the same pages as Picus ({page}), one after the other, over a raw socket,
    and throws them away. The peers take part in one round of {PEER_EVERY} and up to {MOST_ITEMS_FOR_PEERS:,}
    items; their pages are of up to 1 MB. The local DynamoDB takes the longer for a page of 1 MB the more items follow
    it, which real DynamoDB does not: the bare Scan and the CPU show what grows with Picus."""
    return f"## The list\n\n{prose(about)}\n\n{table(head, body)}"


def _list_row(results: Results, size: str, name: str) -> tuple[object, ...]:
    listings = results.lists[size]
    fetched, peak = listings[name], results.list_peaks[size].get(name)
    seconds, bare = (spread(f.seconds for f in listings[which]).median for which in (name, BARE))
    return (
        f"{int(size):,}",
        name,
        milliseconds(f.seconds for f in fetched),
        f"{seconds / bare:.2f}",
        f"{seconds / int(size) * 1e6:.0f}",
        "" if name == BARE else milliseconds(f.first_byte_seconds for f in fetched),
        milliseconds(f.cpu_seconds for f in fetched),
        f"{spread(f.cpu_seconds for f in fetched).median / int(size) * 1e6:.1f}",
        f"{peak:.0f}" if peak else "",
        len(fetched),
    )


def bulk(results: Results) -> str:
    """Rates and memory of imports and exports."""
    if not results.bulk:
        return ""
    body = [
        (scenario, name, shown(spread(r.rate for r in runs), 0), f"{max(r.peak_mb for r in runs):.0f}", len(runs))
        for scenario, contestants in results.bulk.items()
        for name, runs in contestants.items()
    ]
    about = f"""`manage.py import_items` and `export_items`, NDJSON, {ITEMS:,} items of 1 KB, {BULK_THREADS} threads or
    segments, alone on one core. Raw requests are the same ones, signed and made beforehand, over the same transport,
    from as many threads, and their answers are not read. With {DELAY_MS} ms: {LATE_THREADS} threads, and a DynamoDB
    that has that latency and no work, so that like the real one it serves many requests at once; PynamoDB's
    `batch_write` and `scan` in one loop, {SLOW_ITEMS:,} items."""
    table_ = table(("", "", "items/s", "peak MB", "rounds"), body)
    return f"## Import and export\n\n{prose(about)}\n\n{table_}"


def cold_start(results: Results) -> str:
    """Cold starts and the sizes of the packages."""
    if not results.cold:
        return ""
    floor = spread(s.total for s in results.cold[packages.FLOOR]).median
    body = [
        (
            name,
            milliseconds(s.total for s in starts),
            milliseconds(s.init for s in starts),
            milliseconds(s.invoke for s in starts),
            f"{(spread(s.total for s in starts).median - floor) * 1000:,.0f}",
            f"{results.packages[name]:.1f}" if name in results.packages else "",
        )
        for name, starts in results.cold.items()
    ]
    head = ("", "to the end of the first delete, ms", "init ms", "invoke ms", "above the floor, ms", "zip MB")
    about = f"""From the start of the process, entered through `awslambdaric` as Lambda enters it, to the end of
    the first delete; {len(results.cold[packages.PICUS])} starts of each, in turns. Zappa's defaults: its own
    handler in front, which imports boto3 and werkzeug; `debug` on and `log_level` `DEBUG`; the whole
    environment inside; sources stamped 1980, so that no bytecode counts as fresh."""
    return f"## Cold start of the delete function\n\n{prose(about)}\n\n{table(head, body)}"
