"""A JSON text that can't be an item is refused from its bytes, and what can be an item takes bounded memory."""

import random
import tracemalloc
from collections.abc import Callable

import pytest

from picus_api.core.errors import ItemTooLarge
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.item_size import MAX_ITEM_BYTES, item_size
from picus_api.core.values.json_bounds import check_bounds, most_memory

_MEGABYTE = 1024 * 1024


def array(element: Callable[[int], str], size: int) -> bytes:
    """Return the JSON text of the longest array of elements of ``size`` bytes that DynamoDB holds."""
    count = (MAX_ITEM_BYTES - 40) // size
    return f'{{"a":[{",".join(map(element, range(count)))}]}}'.encode()


LARGEST_ITEMS = {
    "empty strings": array(lambda number: '""', 1),
    "short strings": array(lambda number: f'"{number % 256:02x}"', 3),
    "strings": array(lambda number: f'"{number % 4096:03x}"', 4),
    "digits": array(lambda number: "1", 3),
    "numbers": array(lambda number: str(100_001 + number), 5),
    "nulls": array(lambda number: "null", 2),
    "arrays": array(lambda number: "[]", 4),
    "objects": array(lambda number: "{}", 4),
    "members": array(lambda number: '{"a":""}', 6),
    "nested": array(lambda number: '{"a":{}}', 9),
    "escapes": b'{"a":"' + b"\\u0041" * 409_000 + b'"}',
}


@pytest.mark.parametrize("kind", LARGEST_ITEMS)
def test_the_largest_items_pass(kind: str) -> None:
    check_bounds(LARGEST_ITEMS[kind])
    assert item_size(attributes_from_json(LARGEST_ITEMS[kind])) <= MAX_ITEM_BYTES


def test_random_items_near_the_limit_pass() -> None:
    chance = random.Random(1)
    kinds = ["1", "-1.5e3", '""', '"a\\n\\u00e4"', "null", "true", "[]", '{"k": [1, {"z": "[{,"}]}', '"\\"],[,{"']
    text = f'{{"a": [{", ".join(chance.choices(kinds, k=72_000))}]}}'.encode()
    assert 0.8 < item_size(attributes_from_json(text)) / MAX_ITEM_BYTES <= 1
    check_bounds(text)


@pytest.mark.parametrize("element", ["1", '""', "[]", "{}", "null", '{"a":1}'])
def test_too_many_values_are_refused_without_objects(element: str) -> None:
    body = f'{{"a":[{",".join([element] * (2_600_000 // (len(element) + 1)))}]}}'.encode()
    tracemalloc.start()
    with pytest.raises(ItemTooLarge):
        check_bounds(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < _MEGABYTE


def test_the_estimate_of_an_ordinary_item_is_small() -> None:
    text = f'{{"a": "{"Lorem ipsum, dolor sit amet. " * 10_000}"}}'.encode()
    assert most_memory(text) < 6 * _MEGABYTE
