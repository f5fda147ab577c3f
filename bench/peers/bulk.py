"""Imports and exports that Picus is compared with: ``python bulk.py WHAT ITEMS THREADS``; prints the seconds they took.

``raw``: requests made beforehand and sent over raw sockets, unsigned, responses not parsed but for the next key. No
program with so many threads can be much faster. ``pynamodb``: its `batch_write` and `scan`, in one loop.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
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
PORT = urlsplit(URL).port or 0
VERSION = {"S": f"v1:{'0' * 32}"}  # as large as the version attribute that Picus adds to each item


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


def raw_import(count: int, threads: int) -> Iterator[None]:
    bodies = list(items.batches(TABLE, 0, count, BATCH_ITEMS, picus_version=VERSION))
    yield

    def write(number: int) -> None:
        client = RawClient(PORT)
        for body in bodies[number::threads]:
            client.send("BatchWriteItem", body)

    _in_threads(threads, write)


def raw_export(count: int, threads: int) -> Iterator[None]:
    yield
    _in_threads(threads, lambda number: RawClient(PORT).scan(TABLE, Segment=number, TotalSegments=threads))


def _in_threads(threads: int, work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def pynamodb_import(count: int, threads: int) -> Iterator[None]:
    made = [Item(items.key(number), **items.document(number)) for number in range(count)]
    yield
    with Item.batch_write() as batch:
        for item in made:
            batch.save(item)


def pynamodb_export(count: int, threads: int) -> Iterator[None]:
    yield
    for _ in islice(Item.scan(consistent_read=True), count):
        pass


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    # Each prepares itself before it yields.
    work = {each.__name__: each for each in (raw_import, raw_export, pynamodb_import, pynamodb_export)}[what]
    steps = work(*map(int, numbers))
    next(steps)
    started = time.perf_counter()
    next(steps, None)
    print(time.perf_counter() - started)
