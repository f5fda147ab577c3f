"""ETags, and the DynamoDB conditions that prove them."""

import json
import random
import time
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core.errors import BadValue, InvalidHeader
from picus_api.core.etag import etag
from picus_api.core.preconditions import MAX_COMPARED, NotComparable, is_unchanged, parse_preconditions
from picus_api.core.values.version_attribute import VERSION, with_version, without_version

VERSIONED = {"S": "v1:" + "0" * 32}

# Values as (one form, another form of the same), each as a transport may hand it over.
texts = st.text(max_size=6)
binary = st.binary(max_size=4)
numbers = st.sampled_from(
    [("1", "1.0"), ("0", "-0"), ("1.5", "1.50"), ("1E+2", "100"), ("1E-7", "0.0000001"), ("1E30", "1" + "0" * 30)]
)
scalars = st.one_of(
    texts.map(lambda text: ({"S": text}, {"S": text})),
    numbers.map(lambda pair: ({"N": pair[0]}, {"N": pair[1]})),
    binary.map(lambda data: ({"B": data}, {"B": b64encode(data).decode()})),
    st.booleans().map(lambda value: ({"BOOL": value}, {"BOOL": value})),
    st.just(({"NULL": True}, {"NULL": True})),
    st.sets(texts, min_size=1).map(lambda found: ({"SS": sorted(found)}, {"SS": sorted(found, reverse=True)})),
    st.sets(numbers, min_size=1).map(
        lambda found: ({"NS": [a for a, _ in sorted(found)]}, {"NS": [b for _, b in sorted(found)][::-1]})
    ),
    st.sets(binary, min_size=1).map(
        lambda found: ({"BS": sorted(found)}, {"BS": [b64encode(data).decode() for data in sorted(found)][::-1]})
    ),
)


def containers(inner: Any) -> Any:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda pairs: ({"L": [a for a, _ in pairs]}, {"L": [b for _, b in pairs]})),
        st.dictionaries(texts, inner, max_size=3).map(lambda pairs: ({"M": first(pairs)}, {"M": second(pairs)})),
    )


values = st.recursive(scalars, containers, max_leaves=8)


def first(pairs: dict[str, Any]) -> dict[str, Any]:
    return {name: pair[0] for name, pair in pairs.items()}


def second(pairs: dict[str, Any]) -> dict[str, Any]:
    return {name: pair[1] for name, pair in reversed(pairs.items())}


@given(st.dictionaries(texts, values, max_size=4))
def test_equal_items_have_equal_etags(pairs: dict[str, Any]) -> None:
    assert etag(first(pairs)) == etag(second(pairs))


@given(st.dictionaries(texts, values, max_size=4), texts, values)
def test_another_value_has_another_etag(pairs: dict[str, Any], name: str, value: Any) -> None:
    item = first(pairs)
    changed = {**item, name: value[0]}
    assert (etag(item) == etag(changed)) == (name in pairs and etag({"x": item[name]}) == etag({"x": value[0]}))


def test_types_that_look_alike_differ() -> None:
    alike: list[dict[str, Any]] = [
        {"S": "1"},
        {"N": "1"},
        {"SS": ["1"]},
        {"NS": ["1"]},
        {"L": [{"S": "1"}]},
        {"B": "1"},
        {"M": {"S": {"S": "1"}}},
    ]
    assert len({etag({"a": value}) for value in alike}) == len(alike)


def test_a_version_is_new_each_time_and_hidden_again() -> None:
    document = {"a": {"S": "x"}}
    versions = [with_version(document) for _ in range(100)]
    assert len({item[VERSION]["S"] for item in versions}) == 100
    assert all(without_version(item) == document for item in versions)
    assert document == {"a": {"S": "x"}}


@pytest.mark.parametrize(
    "value", [{"S": "v1:" + "0" * 31}, {"S": "V1:" + "0" * 32}, {"N": "1"}, {"M": {}}, {"S": "v1:" + "0" * 32 + "\n"}]
)
def test_other_value_of_version_name_is_kept(value: dict[str, Any]) -> None:
    document = {VERSION: value}
    assert with_version(document) == without_version(document) == document


def test_a_version_that_a_client_brings_along_is_refused() -> None:
    with pytest.raises(BadValue) as refused:
        with_version({VERSION: VERSIONED})
    assert refused.value.pointer == f"/{VERSION}"


def wide(count: int) -> dict[str, Any]:
    return {f"name{number}": {"S": "x"} for number in range(count)}


@pytest.mark.parametrize(
    "item", [wide(1), wide(MAX_COMPARED), {**wide(9_999), VERSION: VERSIONED}, {VERSION: {"S": "own"}}]
)
def test_a_condition_keeps_within_dynamodbs_limits(item: dict[str, Any]) -> None:
    condition = is_unchanged({"object_id": {"S": "x"}, **item})
    expression = condition["ConditionExpression"]
    assert len(expression.encode()) <= 4096
    operators = sum(expression.count(word) for word in (" = ", " AND ", "attribute_"))
    assert operators <= 300
    assert len(json.dumps(condition)) < 2_000_000


def test_wide_item_without_version_is_not_comparable() -> None:
    for item in (wide(MAX_COMPARED + 1), {**wide(MAX_COMPARED + 1), VERSION: {"S": "own"}}):
        with pytest.raises(NotComparable):
            is_unchanged(item)


def test_hostile_header_field_is_parsed_quickly() -> None:
    chance = random.Random()
    fields = ['"' * 65_535, "W/" * 32_768, '"a"' * 21_845, " ," * 32_768 + "x", '"a" ' * 16_000, 'W/"' * 20_000]
    fields += ["".join(chance.choices('"W/ ,*a', k=65_536)) for _ in range(5)]
    started = time.process_time()
    for field in fields:
        with pytest.raises(InvalidHeader):
            parse_preconditions(field, None)
    assert time.process_time() - started < 2
