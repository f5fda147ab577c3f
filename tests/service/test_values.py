"""A JSON object that DynamoDB can hold comes back equal; for any other the error has a pointer to the bad value."""

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.client import Client
from tests.contract.exact import Json, Number, parse_exact

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Shared = tuple["Table", Client]
over_http = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

names = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable() or name.strip())
# JSON number texts with up to 38 significant digits inside DynamoDB's range, written in many ways.
coefficients = st.integers(min_value=-(10**38) + 1, max_value=10**38 - 1)
number_texts = st.one_of(
    st.integers().filter(lambda number: abs(number) < 10**38).map(str),
    st.builds("{}e{}".format, coefficients, st.integers(-130, 88)),
    st.builds("{}.{:05}".format, st.integers(-(10**20), 10**20), st.integers(0, 99999)),
    st.builds("{}.0E+{}".format, st.integers(-9, 9), st.integers(0, 125)),
)
numbers = number_texts.map(Number)
scalars = st.one_of(st.none(), st.booleans(), st.text(max_size=20), numbers)
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=20,
)
documents = st.dictionaries(names.filter(lambda name: name != "object_id"), values, max_size=6)


def written(value: Json) -> str:
    """Return JSON text with numbers exactly as generated."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}: {written(member)}" for name, member in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def by_value(value: Json) -> object:
    """Return the value with numbers as Decimal."""
    if isinstance(value, Number):
        return value.value
    if isinstance(value, list):
        return [by_value(element) for element in value]
    if isinstance(value, dict):
        return {name: by_value(member) for name, member in value.items()}
    return value


@over_http
@given(document=documents)
def test_stored_document_comes_back_equal(shared: Shared, document: dict[str, Json]) -> None:
    table, client = shared
    key = client.store(written(document))
    assert by_value(client.fetch(key)) == by_value(document)
    table.delete_item(Key={"object_id": key})


culprits = st.sampled_from(
    [
        "1e126",
        "-1e126",
        "1e-131",
        "1" * 39,
        "0." + "1" * 39,
        "NaN",
        "-Infinity",
        '"\\ud800"',
        '{"": 1}',
        '{"k":1,"k":2}',
    ]
)
# The path inside the culprit to the value at fault.
INSIDE = {'{"": 1}': "/", '{"k":1,"k":2}': "/k"}


@over_http
@given(path=st.lists(st.one_of(names, st.integers(0, 3)), max_size=6), culprit=culprits, first=names)
def test_error_has_pointer_to_bad_value(shared: Shared, path: list[str | int], culprit: str, first: str) -> None:
    _, client = shared
    if first == "object_id":
        first = "x"
    body, pointer = culprit, INSIDE.get(culprit, "")
    for step in reversed([first, *path]):
        in_array = isinstance(step, int)
        body = f"[{'1.10,' * int(step)}{body}]" if in_array else f"{{{json.dumps(step)}:{body}}}"
        pointer = "/" + str(step).replace("~", "~0").replace("/", "~1") + pointer
    response = client.put(body)
    assert response.status == 400, response
    assert response.object["pointer"] == pointer


@over_http
@given(excess=st.integers(-3, 3))
def test_item_over_400_kb_is_413(shared: Shared, excess: int) -> None:
    table, client = shared
    # The key's name and its UUID, and the attribute's name, count too.
    length = 400 * 1024 - len("object_id") - 36 - len("a") + excess
    response = client.put(json.dumps({"a": "x" * length}))
    if excess > 0:
        assert response.status == 413, response
        assert "400 KB" in str(response.object["error"])
        return
    assert response.status == 201, response
    key = str(response.object["object_id"])
    assert len(str(client.fetch(key)["a"])) == length
    table.delete_item(Key={"object_id": key})


def test_generated_numbers_are_exact() -> None:
    assert by_value(parse_exact(written({"a": Number("1.10")}).encode())) == {"a": Decimal("1.1")}
