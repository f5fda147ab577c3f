"""The capacity meter, and the preference that asks for it."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from picus_api.core import capacity
from picus_api.core.capacity import CapacityMeter, is_wanted, measure, response_headers


@pytest.mark.parametrize(
    ("prefer", "wanted"),
    [
        (None, False),
        ("", False),
        ("consumed-capacity", True),
        ("respond-async, Consumed-Capacity; a=b", True),
        (" consumed-capacity ", True),
        ("consumed-capacity-x", False),
        ("x=consumed-capacity", False),
        ("count=exact", True),
        ("count=estimated", False),
    ],
)
def test_preference_is_found_in_list(prefer: str | None, wanted: bool) -> None:
    assert is_wanted(prefer) is wanted


@pytest.mark.parametrize(
    ("response", "units"),
    [
        ({}, "0"),
        ({"ConsumedCapacity": None}, "0"),
        ({"ConsumedCapacity": {"CapacityUnits": 0.5}}, "0.5"),
        ({"ConsumedCapacity": [{"CapacityUnits": 1.0}, {"CapacityUnits": 2}]}, "3"),
        ({"ConsumedCapacity": {"TableName": "t"}}, "0"),
    ],
)
def test_units_of_response_are_added(response: dict[str, Any], units: str) -> None:
    meter = CapacityMeter()
    meter.add(response)
    field = {"Picus-Consumed-Capacity": units}
    assert response_headers(meter, "count=exact") == field
    for applied, preferences in ((None, "consumed-capacity"), ("a=b", "a=b, consumed-capacity")):
        headers = response_headers(meter, "Consumed-Capacity", applied)
        assert headers == {**field, "Preference-Applied": preferences}


def test_meter_counts_calls_of_its_threads() -> None:
    report = {"ConsumedCapacity": {"CapacityUnits": 0.5}}

    def call(_: int) -> None:
        meter = capacity.active.get()
        assert meter is not None
        meter.add(report)

    with measure() as meter, ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(copy_context().run, call, number) for number in range(100)]:
            future.result()
    assert meter.text == "50"
    assert capacity.active.get() is None
