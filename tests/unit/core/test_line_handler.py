"""The writing of log lines survives a failing, full or slow stderr."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from picus_api.core import logs
from picus_api.core.logs import JsonFormatter, LineHandler


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[LineHandler]:
    made = LineHandler()
    made.setFormatter(JsonFormatter())
    yield made
    made.close()


def read_lines(fd: int, count: int) -> list[str]:
    data = b""
    while data.count(b"\n") < count:
        data += os.read(fd, 1_000_000)
    return data.decode().splitlines()


def wait_until_written(handler: LineHandler) -> None:
    deadline = time.monotonic() + 5
    while handler._lines and time.monotonic() < deadline:
        time.sleep(0.01)
    with handler._writing:
        assert not handler._lines


def test_failed_writes_are_counted_and_reported_later(handler: LineHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, other = os.pipe()
    os.close(closed)
    os.close(other)
    monkeypatch.setattr(logs, "STDERR", other)
    for number in range(3):
        handler.add(f"lost {number}")
        wait_until_written(handler)

    reading, writing = os.pipe()
    monkeypatch.setattr(logs, "STDERR", writing)
    handler.add("first after")
    report, line = read_lines(reading, 2)
    assert (json.loads(report)["message"], json.loads(report)["lost"]) == ("log lines were lost", 3)
    assert line == "first after"

    handler.add("second after")
    assert read_lines(reading, 1) == ["second after"]


def test_blocked_stderr_fills_a_bounded_queue(handler: LineHandler, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(logs, "STDERR", writing)
    monkeypatch.setattr(logs, "MAX_QUEUED_LINES", 10)
    os.write(writing, b"x" * 65_536)  # A pipe holds so many bytes: the next write blocks.
    started = time.monotonic()
    handler.add("in progress")
    time.sleep(0.2)
    for number in range(110):
        handler.add(f"line {number}")
    assert time.monotonic() - started < 10

    lines = read_lines(reading, 12)
    assert lines[0].endswith("in progress")
    assert json.loads(lines[1])["lost"] == 100
    assert lines[2:] == [f"line {number}" for number in range(10)]
