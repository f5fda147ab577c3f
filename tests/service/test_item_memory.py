"""The memory that the largest items take. It is no unit test, because it takes long."""

import os
from pathlib import Path

import pytest

from picus_api.core.values.codec import decode, encode
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.json_bounds import most_memory
from picus_api.core.values.to_json import json_from_attributes
from tests.unit.core.values.test_json_bounds import LARGEST_ITEMS

_MEGABYTE = 1024 * 1024


def peak_memory(kind: str) -> int:
    """Return by how much a process grows that takes the item from a client and returns it, in bytes."""
    received, sent = os.pipe()
    if not os.fork():
        before = high_water_mark()
        wire = encode({"Item": attributes_from_json(LARGEST_ITEMS[kind])})
        json_from_attributes(decode(wire)["Item"])
        os.write(sent, str(high_water_mark() - before).encode())
        os._exit(0)
    os.close(sent)
    with os.fdopen(received) as result:
        return int(result.read())


def high_water_mark() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


@pytest.mark.parametrize("kind", LARGEST_ITEMS)
def test_the_largest_items_take_at_most_48_megabytes(kind: str) -> None:
    assert peak_memory(kind) <= min(48 * _MEGABYTE, most_memory(LARGEST_ITEMS[kind]) + 8 * _MEGABYTE)
