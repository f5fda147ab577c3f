"""Metrics in request lines, and the ids of traces."""

import pytest

from picus_api.core import logs, metrics

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("response", "units"),
    [
        (b"{}", 0),
        (b'{"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}}', 0.5),
        (b'{"ConsumedCapacity":[{"CapacityUnits":1.0},{"CapacityUnits": 2}],"Item":{}}', 3),
        # Neither an attribute of that name nor a text in an item is a report.
        (b'{"Item":{"CapacityUnits":{"N":"9"},"a":{"S":"\\"CapacityUnits\\":9"}}}', 0),
    ],
)
def test_reported_units_are_counted_and_items_are_not(response: bytes, units: float) -> None:
    counts = metrics.CallCounts()
    counts.add_units(response)
    assert counts.units == units


def test_line_has_a_member_for_every_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "NAMESPACE", "Picus/staging")
    counts = metrics.start()
    assert counts is not None
    counts.add_call(attempts=3, throttles=1)
    line = {"duration_ms": 1.5, **metrics.line_fields(counts, "service", 503)}
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert {entry["Name"]: entry["Unit"] for entry in directive["Metrics"]} == metrics.UNITS
    assert {name: line[name] for name in metrics.UNITS} == {
        "requests": 1,
        "errors": 1,
        "duration_ms": 1.5,
        "dynamodb_calls": 1,
        "dynamodb_retries": 2,
        "dynamodb_throttles": 1,
        "consumed_capacity": 0.0,
    }
    assert (directive["Namespace"], directive["Dimensions"], line["compute"]) == (
        "Picus/staging",
        [["compute"]],
        "service",
    )
    metrics.active.set(None)


def test_nothing_is_counted_without_a_namespace() -> None:
    assert (metrics.NAMESPACE, metrics.start(), metrics.active.get()) == ("", None, None)
    assert metrics.line_fields(None, "service", 200) == {}


@pytest.mark.parametrize(
    ("amzn", "parent", "expected"),
    [
        (f"Root={ROOT}", None, {"xray_trace_id": ROOT}),
        (f"Self=1-67891234-12456789abcdef012345678;Root={ROOT};Sampled=1", None, {"xray_trace_id": ROOT}),
        (None, f"00-{TRACE}-00f067aa0ba902b7-01", {"trace_id": TRACE}),
        (None, f"01-{TRACE}-00f067aa0ba902b7-01-more", {"trace_id": TRACE}),
        (f"Root={ROOT}", f"00-{TRACE}-00f067aa0ba902b7-00", {"xray_trace_id": ROOT, "trace_id": TRACE}),
        ('Root=1-"', f"00-{'0' * 32}-00f067aa0ba902b7-01", {}),
        ("x" * 10_000, f"00-{TRACE.upper()}-00f067aa0ba902b7-01", {}),
        (None, None, {}),
    ],
)
def test_trace_ids_are_read_if_they_are_valid(amzn: str | None, parent: str | None, expected: dict[str, str]) -> None:
    assert logs.trace_fields(amzn, parent) == expected
