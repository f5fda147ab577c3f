"""Many new items, in batches, a few of them at once: what became of each, in order.

BatchWriteItem knows no conditions, but the keys are new ones, so nothing is overwritten and a repetition after a lost
answer leaves the same items. What DynamoDB hands back unprocessed is sent again, after a random wait that grows while
nothing gets through. After a batch that fails for good nothing more is tried.
"""

import json
import random
import time
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import NamedTuple

from picus_api.core import table
from picus_api.core.attributes import AttributeMap
from picus_api.core.batching import batches
from picus_api.core.dynamodb.wire_json import encode
from picus_api.core.errors import BadValue
from picus_api.core.item_size import MAX_ITEM_BYTES, SAFE_JSON_BYTES, item_size
from picus_api.core.table import KEY, ItemTooLarge, TableThrottled, TableUnavailable
from picus_api.core.versions import has_version, stamped, visible

MAX_ITEMS = 25  # BatchWriteItem's
MAX_BYTES = 4_000_000  # of JSON; BatchWriteItem's are 16 MB
PARALLEL = 4
ATTEMPTS = 6  # in a row that get nothing through
BASE_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds

# Shared by all requests; with the scans' they are no more than the transport has connections for.
_writers = ThreadPoolExecutor(2 * PARALLEL, thread_name_prefix="batch")


class Entry(NamedTuple):
    """An item on its way: the line it came from, its new key, and its request's JSON."""

    line: int
    key: str
    request: bytes


class Outcome(NamedTuple):
    """What became of an item: written, or the error. ``unknown``: it may have been written all the same."""

    line: int
    key: str
    error: Exception | None = None
    unknown: bool = False


def check_new(document: AttributeMap, json_bytes: int) -> None:
    """Raise what the write of a new item would: BadValue, ItemTooLarge. ``json_bytes``: of its JSON text."""
    if KEY in document:
        raise BadValue(f"{KEY} is assigned by the service: leave it out.", KEY)
    stamped(document)
    # With the key, and without the version, which is left out where it would be too much.
    if json_bytes > SAFE_JSON_BYTES and item_size(document) + len(KEY) + 36 > MAX_ITEM_BYTES:
        raise ItemTooLarge


def new_entry(line: int, document: AttributeMap) -> Entry:
    """A new item under a new key."""
    key = str(uuid.uuid4())
    item = {KEY: {"S": key}, **stamped(document)}
    return Entry(line, key, encode({"PutRequest": {"Item": item}}))


def write_all(entries: Iterator[Entry]) -> Iterator[list[Outcome]]:
    """Write them; the outcomes batch by batch, in order.

    The first batch goes alone: when it fails nothing at all is written. After a failure no more entries are written:
    the last outcome's line is the last one that was tried.
    """
    parts = batches(entries, lambda entry: len(entry.request), most=MAX_ITEMS, most_bytes=MAX_BYTES)
    running: deque[Future[list[Outcome]]] = deque()
    width, failed = 1, False
    while True:
        while not failed and len(running) < width and (batch := next(parts, None)):
            running.append(_writers.submit(copy_context().run, _write, batch))
        if not running:
            return
        outcomes = running.popleft().result()
        failed = failed or any(isinstance(outcome.error, TableUnavailable) for outcome in outcomes)
        width = PARALLEL
        yield outcomes


def _write(batch: list[Entry]) -> list[Outcome]:
    failure = _send_patiently(batch)
    errors: dict[str, Exception] = {}
    if failure is not None:
        alone = isinstance(failure.error, ItemTooLarge)
        errors = _write_singly(failure.left) if alone else {entry.key: failure.error for entry in failure.left}
    lost = failure is not None and failure.answer_lost
    return [
        Outcome(entry.line, entry.key, error, unknown=error is not None and (lost or _may_be_written(error)))
        for entry, error in ((entry, errors.get(entry.key)) for entry in batch)
    ]


class _Failure(NamedTuple):
    left: list[Entry]
    error: Exception
    answer_lost: bool


def _send_patiently(batch: list[Entry]) -> _Failure | None:
    """Send a batch until it is written or nothing more gets through; what is left then."""
    left, fruitless, lost = batch, 0, False
    error: Exception = TableThrottled()
    while True:
        try:
            rest, lost_now = _send(left)
            lost = lost or lost_now
        except TableThrottled as throttled:
            rest, error, lost = left, throttled, lost or _may_be_written(throttled)
        except (ItemTooLarge, TableUnavailable) as refusal:
            return _Failure(left, refusal, lost)
        if not rest:
            return None
        fruitless = fruitless + 1 if len(rest) == len(left) else 0
        left = rest
        if fruitless == ATTEMPTS:
            return _Failure(left, error, lost)
        time.sleep(random.random() * min(LONGEST_DELAY, BASE_DELAY * 2**fruitless))  # noqa: S311 no secret


def _send(entries: list[Entry]) -> tuple[list[Entry], bool]:
    """One BatchWriteItem: what it left unprocessed, and whether an earlier answer was lost."""
    name = table.table_name()
    body = b'{"RequestItems":{"%b":[%b]}}' % (name.encode(), b",".join(entry.request for entry in entries))
    with table.domain_errors():
        answer = table.transport().call("BatchWriteItem", body)
    unprocessed = json.loads(answer.body).get("UnprocessedItems", {}).get(name, ())
    keys = {request["PutRequest"]["Item"][KEY]["S"] for request in unprocessed}
    return [entry for entry in entries if entry.key in keys], answer.answer_lost


def _write_singly(entries: list[Entry]) -> dict[str, Exception]:
    """The errors by key. An item that is too large ends its batch, but not its neighbours; an outage ends them all."""
    errors: dict[str, Exception] = {}
    for position, entry in enumerate(entries):
        item = json.loads(entry.request)["PutRequest"]["Item"]
        try:
            _put(item)
        except ItemTooLarge as error:
            errors[entry.key] = error
        except TableUnavailable as error:
            return errors | {left.key: error for left in entries[position:]}
    return errors


def _put(item: AttributeMap) -> None:
    try:
        table.call("PutItem", Item=item)
    except ItemTooLarge:
        # Not for the bytes of its version, as for a single new item.
        if not has_version(item):
            raise
        table.call("PutItem", Item=visible(item))


def _may_be_written(error: Exception) -> bool:
    return bool(getattr(error.__cause__, "answer_lost", False))
