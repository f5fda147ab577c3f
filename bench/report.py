"""RESULTS.md."""

from bench.report_parts import bulk, cold_start, lists, threads_and_workers
from bench.results import Results, Window, spread
from bench.scenarios import DELAYED, LATENCIES_MS
from bench.servers import CONTESTANTS
from bench.tables import prose, shown, table
from bench.targets import GET_DELAYED, Row, ratio, rows

TASKS = (0.25, 0.5, 2)
"""Fargate's vCPUs in the table; at one vCPU a task does what one core does."""


def text(results: Results) -> str:
    """The whole page. Sections of what was not measured are left out."""
    parts = [_head(results), _targets(results)]
    parts += [_scenario(results, name) for name in ("get", "put", GET_DELAYED) if name in results.load]
    parts += [_tasks(results), threads_and_workers(results), lists(results), bulk(results), cold_start(results)]
    return "\n\n".join(part for part in (*parts, _limits(), _versions(results)) if part) + "\n"


def _head(results: Results) -> str:
    settings = results.settings
    setup = f"""Every contestant has one worker on a core of its own. Clients, the local DynamoDB and the delay
    in front of it share another core. {settings["clients"]:g} clients each send their next request when they
    have their answer; items are 1 KB of JSON. The contestants alternate in {settings["rounds"]:g} rounds of
    {settings["seconds"]:g} s, and ratios are taken within each round, so what slows the machine for a while
    touches both sides. Picus runs with the defaults of `gunicorn.conf.py`, writes a log line per request and
    reads consistently; its [peers](peers) write no access log and leave consistency at its default. The load generator
    gives a server that closes every connection, as the sync worker does, up to 5 % less than wrk does."""
    origin = f"""Written by `make bench` in {results.seconds / 60:.1f} minutes; do not edit. Figures are
    medians, with the quartiles in brackets."""
    return f"# Benchmark\n\n{prose(origin)}\n\n![The figures below as bars](results.svg)\n\n{prose(setup)}"


def _targets(results: Results) -> str:
    body = [(row.what, row.bound_text, _measured(row), "yes" if row.met else "**no**") for row in rows(results)]
    return f"## Targets\n\n{table(('Picus', 'target', 'measured', 'met'), body)}" if body else ""


def _measured(row: Row) -> str:
    return f"{row.measured.median:.1f} MB" if row.unit == " MB" else f"{shown(row.measured)}{row.unit}"


def _scenario(results: Results, name: str) -> str:
    body = [
        (
            peer,
            shown(spread(w.rate for w in windows), 0),
            shown(ratio(results, name, peer, lambda w: w.rate)),
            shown(spread(w.cpu_us for w in windows), 0),
            shown(ratio(results, name, peer, lambda w: w.cpu_us)),
            f"{spread(w.p50_ms for w in windows).median:.1f}",
            shown(spread(w.p99_ms for w in windows), 1),
            f"{spread(w.load_busy for w in windows).median:.0%}",
        )
        for peer, windows in results.load[name].items()
    ]
    head = ("", "requests/s", "Picus ÷ it", "CPU µs/request", "Picus ÷ it", "p50 ms", "p99 ms", "other core busy")
    return f"## {name}\n\n{_delay_note(results, name)}{table(head, body)}{_memory_note(results, name)}"


def _delay_note(results: Results, name: str) -> str:
    for asked, measured in results.delays.items():
        if name == DELAYED.format(asked):
            return f"DynamoDB answers {measured:.1f} ms later than it does by itself.\n\n"
    return ""


def _memory_note(results: Results, name: str) -> str:
    if name != "put":
        return ""
    memory = ", ".join(f"{peer} {megabytes:.0f} MB" for peer, megabytes in results.resident.items())
    return f"\n\nResident memory of the worker after all rounds: {memory}."


def _tasks(results: Results) -> str:
    """Throughput of one core and of a Fargate task at some latencies."""
    names = {delay: DELAYED.format(delay) for delay in LATENCIES_MS}
    if any(name not in results.load for name in names.values()):
        return ""
    body = []
    for delay, name in names.items():
        for contestant in CONTESTANTS:
            rate, cpu = _middle(results.load[name][contestant.name])
            tasks = [f"{_task_rate(vcpus, rate, cpu):,.0f}" for vcpus in TASKS]
            body.append((f"{delay} ms", contestant.name, f"{rate:,.0f}", *tasks))
    head = ("added latency", "", "one core", *(f"task of {vcpus:g} vCPU" for vcpus in TASKS))
    computed = """One core is measured, with DynamoDB delayed on this machine. Fargate tasks are computed from
    it: below one vCPU, vCPU ÷ CPU per request, but at most what one core does (then all threads wait for
    DynamoDB); with two vCPUs and a worker for each, twice one core."""
    return f"## What it means on AWS: gets per second\n\n{prose(computed)}\n\n{table(head, body)}"


def _middle(windows: list[Window]) -> tuple[float, float]:
    return spread(w.rate for w in windows).median, spread(w.cpu_us for w in windows).median / 1e6


def _task_rate(vcpus: float, rate: float, cpu_seconds: float) -> float:
    return min(rate, vcpus / cpu_seconds) if vcpus < 1 else vcpus * rate


def _limits() -> str:
    return """## What this can't know

- Real DynamoDB's latency, how it spreads, and TLS: the local one answers in a fraction of a millisecond over plain
  HTTP. The rows with added latency say what follows from it. In a cold start TLS would add loading the certificate
  authorities and a handshake, and to Picus the import of `ssl`, which its peers import anyway.
- The CPUs of Fargate and Lambda. Lambda gives a function CPU in proportion to its memory; here a cold start has a
  whole core.
- A network, a load balancer, and more than one task."""


def _versions(results: Results) -> str:
    lines = [f"- {name}: {value}" for name, value in {**results.machine, **results.versions}.items()]
    return "## Machine and versions\n\n" + "\n".join(lines)
