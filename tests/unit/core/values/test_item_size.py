"""DynamoDB's own count of an item's bytes."""

import pytest

from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.item_size import MAX_ITEM_BYTES, SAFE_JSON_BYTES, item_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("{}", 0),
        ('{"ab": "xyz"}', 5),
        ('{"é": "😀"}', 6),
        ('{"a": true, "b": null}', 4),
        ('{"a": 1}', 3),
        ('{"a": -123.45}', 6),
        ('{"a": 1200000}', 3),
        ('{"a": 0}', 2),
        ('{"a": 1e100}', 3),
        ('{"a": []}', 4),
        ('{"a": [1, "x"]}', 9),
        ('{"a": {"b": "c"}}', 7),
    ],
)
def test_names_and_values_are_counted(text: str, size: int) -> None:
    assert item_size(attributes_from_json(text.encode())) == size


@pytest.mark.parametrize("element", ["[]", "{}", '""', "0", "1", "12", "-1", "null", "true", '"\\n"', '"é"', "1.5"])
def test_text_of_safe_length_is_within_limit(element: str) -> None:
    for text in ('{"a":[', '{"a":{'):
        parts = [element if text.endswith("[") else f'"{n:x}":{element}' for n in range(2000)]
        whole = text + ",".join(parts) + ("]}" if text.endswith("[") else "}}")
        assert item_size(attributes_from_json(whole.encode())) / len(whole) < MAX_ITEM_BYTES / SAFE_JSON_BYTES
