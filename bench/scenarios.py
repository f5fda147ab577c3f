"""Contestants side by side under load, in short rounds that alternate between them."""

import json
from collections.abc import Callable, Mapping

from bench import items
from bench.database import ITEMS
from bench.load import LoadError, Request, Target, measure
from bench.results import Window, spread

CLIENTS = 32
TARGET_DELAY_MS = 4
LATENCIES_MS = (1, 5, 10)
DELAYED = "get, {} ms"
"""The name of the scenario with so much latency added to DynamoDB's own."""
WARM_UP_SECONDS = 0.5

Progress = Callable[[str], None]


def _message(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


GET = Request([_message("GET", f"/picus/get/{items.key(number)}") for number in range(ITEMS)], 200)
PUT = Request(
    [_message("POST", "/picus/put", json.dumps(items.document(number)).encode()) for number in range(ITEMS)], 201
)


def warm_up(targets: Mapping[str, Target], request: Request) -> None:
    for target in targets.values():
        measure(target, request, CLIENTS, WARM_UP_SECONDS)


def rounds(
    targets: Mapping[str, Target], request: Request, count: int, seconds: float, progress: Progress
) -> dict[str, list[Window]]:
    """Each target once a round, in an order that turns from round to round."""
    windows: dict[str, list[Window]] = {name: [] for name in targets}
    names = list(targets)
    for number in range(count):
        turn = number % len(names)
        order = names[turn:] + names[:turn]
        for name in order if number % 2 else reversed(order):
            try:
                windows[name].append(measure(targets[name], request, CLIENTS, seconds))
            except LoadError as error:
                raise LoadError(f"{name}: {error}") from error
    for name in names:
        middle = {field: spread(getattr(w, field) for w in windows[name]).median for field in vars(windows[name][0])}
        progress(
            f"    {name:28} {middle['rate']:7.0f} requests/s  {middle['cpu_us']:6.0f} µs CPU  "
            f"p99 {middle['p99_ms']:6.1f} ms  load core {middle['load_busy']:4.0%}"
        )
    return windows
