"""Imports and exports that Picus is compared with: ``python bulk.py WHAT ITEMS THREADS``; prints the seconds they took.

``raw``: requests made beforehand and sent over raw sockets, unsigned, responses not parsed but for the next key. No
program with so many threads can be much faster. ``pynamodb``: its `batch_write` and `scan`, in one loop.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from pynamodb import attributes
from pynamodb.models import Model

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench import items
from bench.dynamodb import BATCH_ITEMS, RawClient

TABLE = os.environ["DYNAMODB_TABLE_NAME"]
URL = os.environ["DYNAMODB_ENDPOINT_URL"]
PORT = int(urlsplit(URL).port or 0)
VERSION = {"S": f"v1:{'0' * 32}"}
"""As large as the version attribute that Picus adds to each item."""


class Item(Model):
    class Meta:
        table_name = TABLE
        host = URL
        region = "us-east-1"

    object_id = attributes.UnicodeAttribute(hash_key=True)
    name = attributes.UnicodeAttribute()
    quantity = attributes.NumberAttribute()
    price = attributes.NumberAttribute()
    active = attributes.BooleanAttribute()
    note = attributes.NullAttribute(null=True)
    tags: "attributes.ListAttribute[str]" = attributes.ListAttribute()
    address = attributes.DynamicMapAttribute()
    text = attributes.UnicodeAttribute()


def raw_import(count: int, threads: int) -> Callable[[], None]:
    bodies = list(items.batches(TABLE, 0, count, BATCH_ITEMS, picus_version=VERSION))

    def write(number: int) -> None:
        client = RawClient(PORT)
        for body in bodies[number::threads]:
            client.send("BatchWriteItem", body)

    return lambda: _in_threads(threads, write)


def raw_export(count: int, threads: int) -> Callable[[], None]:
    return lambda: _in_threads(threads, lambda n: RawClient(PORT).scan(TABLE, Segment=n, TotalSegments=threads))


def _in_threads(threads: int, work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def pynamodb_import(count: int, threads: int) -> Callable[[], None]:
    made = [Item(items.key(number), **items.document(number)) for number in range(count)]

    def run() -> None:
        with Item.batch_write() as batch:
            for item in made:
                batch.save(item)

    return run


def pynamodb_export(count: int, threads: int) -> Callable[[], None]:
    return lambda: sum(1 for _ in islice(Item.scan(consistent_read=True), count))


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    prepare = {make.__name__: make for make in (raw_import, raw_export, pynamodb_import, pynamodb_export)}[what]
    run = prepare(*map(int, numbers))
    started = time.perf_counter()
    run()
    print(time.perf_counter() - started)
