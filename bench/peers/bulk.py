"""Imports and exports that Picus is compared with: ``python bulk.py WHAT ITEMS THREADS``; prints the seconds they took.

``raw``: signed requests made beforehand over Picus's own transport, answers unread but for the key to go on after: what
any program with so many threads could reach. ``pynamodb``: its `batch_write` and `scan`, in one loop.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from pynamodb.attributes import (
    BooleanAttribute,
    DynamicMapAttribute,
    ListAttribute,
    NullAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from picus_api.core.bulk.client import PATIENT
from picus_api.core.versions import stamped

from bench import items
from picus_api.core.dynamodb.transport import create_transport

TABLE = os.environ["DYNAMODB_TABLE_NAME"]
URL = os.environ["DYNAMODB_ENDPOINT_URL"]
BATCH = 25
_NEXT_KEY = b'"LastEvaluatedKey":'


class Item(Model):
    class Meta:
        table_name = TABLE
        host = URL
        region = "us-east-1"

    object_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    quantity = NumberAttribute()
    price = NumberAttribute()
    active = BooleanAttribute()
    note = NullAttribute(null=True)
    tags: "ListAttribute[str]" = ListAttribute()
    address = DynamicMapAttribute()
    text = UnicodeAttribute()


def raw_import(count: int, threads: int) -> Callable[[], None]:
    transport = create_transport(URL, limits=PATIENT, size=threads)
    bodies = [_batch(range(first, min(first + BATCH, count))) for first in range(0, count, BATCH)]

    def run() -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda body: transport.call_raw("BatchWriteItem", body), bodies):
                pass

    return run


def _batch(numbers: range) -> bytes:
    puts = [{"PutRequest": {"Item": stamped(items.wire_item(number))}} for number in numbers]
    request = {"ReturnConsumedCapacity": "TOTAL", "RequestItems": {TABLE: puts}}
    return json.dumps(request, separators=(",", ":")).encode()


def raw_export(count: int, threads: int) -> Callable[[], None]:
    transport = create_transport(URL, limits=PATIENT, size=threads)

    def scan(segment: int) -> None:
        request = {"TableName": TABLE, "ConsistentRead": True, "Segment": segment, "TotalSegments": threads}
        while True:
            page = transport.call_raw("Scan", request)
            at = page.rfind(_NEXT_KEY)
            if at < 0:
                return
            request["ExclusiveStartKey"] = json.JSONDecoder().raw_decode(page[at + len(_NEXT_KEY) :].decode())[0]

    def run() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(scan, range(threads)))

    return run


def pynamodb_import(count: int, threads: int) -> Callable[[], None]:
    def made() -> Iterator[Item]:
        for number in range(count):
            yield Item(items.key(number), **items.document(number))

    ready = list(made())

    def run() -> None:
        with Item.batch_write() as batch:
            for item in ready:
                batch.save(item)

    return run


def pynamodb_export(count: int, threads: int) -> Callable[[], None]:
    def run() -> None:
        for _ in islice(Item.scan(consistent_read=True), count):
            pass

    return run


def main() -> None:
    what, count, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    run = {
        "raw-import": raw_import,
        "raw-export": raw_export,
        "pynamodb-import": pynamodb_import,
        "pynamodb-export": pynamodb_export,
    }[what](count, threads)
    started = time.perf_counter()
    run()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
