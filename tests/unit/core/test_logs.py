"""Log lines."""

import json
import logging
import sys

import pytest

from picus_api.core import logs


def record(**extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "n", "levelname": "INFO", "msg": "hello %s", "args": ("you",), **extra})
    made.created = 0.005
    return made


def test_a_json_line_has_the_fields_that_a_search_needs() -> None:
    line = json.loads(logs.JsonFormatter().format(record(status=200, path="/ä\n")))
    assert line == {
        "time": "1970-01-01T00:00:00.005Z",
        "level": "INFO",
        "logger": "n",
        "message": "hello you",
        "request_id": None,
        "status": 200,
        "path": "/ä\n",
    }


def test_a_json_line_is_one_line_with_its_traceback() -> None:
    try:
        raise ValueError("x\ny")
    except ValueError:
        text = logs.JsonFormatter().format(record(exc_info=sys.exc_info()))
    assert "\n" not in text
    assert "ValueError: x\ny" in json.loads(text)["traceback"]


def test_a_text_line_is_for_people() -> None:
    text = logs.TextFormatter().format(record(status=200))
    assert text.endswith("INFO    hello you status=200")
    try:
        raise ValueError("boom")
    except ValueError:
        assert "ValueError: boom" in logs.TextFormatter().format(record(exc_info=sys.exc_info()))


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [(("edge==", "client"), "edge=="), ((None, "client"), "client"), (("bad id\n", "client"), "client")],
)
def test_a_request_id_comes_from_the_edge_before_the_client(candidates: tuple[str | None, str], expected: str) -> None:
    assert logs.choose_request_id(*candidates) == expected


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, 'a"', "a\nb", "ä"])
def test_unsafe_request_id_is_replaced(bad: str) -> None:
    assert len(logs.choose_request_id(bad)) == 32


def test_lines_are_json_unless_a_terminal_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert logs.configuration()["formatters"]["line"]["()"] is logs.JsonFormatter
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert logs.configuration()["formatters"]["line"]["()"] is logs.TextFormatter
    assert logs.configuration("json")["formatters"]["line"]["()"] is logs.JsonFormatter


def test_request_line_equals_log_record(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"request_id": "1", "method": "GET", "path": "/ä\n", "status": 200, "duration_ms": 1.5}
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.25)
    formatter = logs.JsonFormatter()
    quick = formatter.info_line("picus.request", "request", fields)
    full = formatter.format(
        logging.makeLogRecord({"name": "picus.request", "levelname": "INFO", "msg": "request", **fields})
    )
    without_time = [{k: v for k, v in json.loads(line).items() if k != "time"} for line in (quick, full)]
    assert without_time[0] == without_time[1]
    assert json.loads(quick)["time"] == "2023-11-14T22:13:20.250Z"
