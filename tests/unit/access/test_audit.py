"""Request lines and audit lines of both computes."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picus_api.core import logs
from picus_api.core.audit import client_address
from tests.unit.access.conftest import Computes, bearer, new
from tests.unit.api.conftest import NDJSON_TYPE

BEHIND = {"X_Forwarded_For": "6.6.6.6, 203.0.113.9, 130.176.0.1", "User_Agent": "tester/1", "X_Request_Id": "req-1"}
FIELDS = (
    *("compute", "client", "agent", "token", "label", "key", "action", "etag_before", "etag_after", "count"),
    *("request_id", "status", "complete", "unknown"),
)
WHO = {"client": "203.0.113.9", "agent": "tester/1", "request_id": "req-1"}


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ("203.0.113.9, 130.176.0.1", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 130.176.0.1", "203.0.113.9"),
        ("2001:db8::1,130.176.0.1", "2001:db8::1"),
        ("203.0.113.9", "10.0.0.1"),
        ('forged", 130.176.0.1', "10.0.0.1"),
        ("", "10.0.0.1"),
        (None, "10.0.0.1"),
    ],
)
def test_client_is_last_but_one_address(forwarded_for: str | None, address: str) -> None:
    assert client_address(forwarded_for, "10.0.0.1") == address


def lines(caplog: pytest.LogCaptureFixture, logger: str) -> list[dict[str, Any]]:
    """Return the fields of the lines of a logger, and forget them."""
    found = [
        {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        for record in caplog.records
        if record.name == logger
    ]
    caplog.clear()
    return found


def test_each_change_has_one_audit_line(computes: Computes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    token = new()
    who = {**WHO, "token": token.split("_")[1], "label": "test"}
    fields = bearer(token) | BEHIND

    def line_of(
        method: str, path: str, body: str = "{}", kind: str = "application/json", **more: str
    ) -> dict[str, Any]:
        reply = computes.send(method, path, body, kind, **fields, **more)
        assert reply.status in (200, 201), reply
        [line] = lines(caplog, "picus.audit")
        assert {name: line.pop(name) for name in who} == who
        return line

    created = line_of("POST", "/picus/put")
    assert created["action"] == "create"
    assert created["etag_after"].startswith('"')
    key = created["key"]
    replaced = line_of("PUT", f"/picus/put/{key}", '{"n": 1}')
    assert (replaced["action"], replaced["etag_before"]) == ("replace", created["etag_after"])
    guarded = line_of("PUT", f"/picus/put/{key}", '{"n": 2}', If_Match=replaced["etag_after"])
    assert guarded["etag_before"] == replaced["etag_after"]
    patched = line_of("PATCH", f"/picus/put/{key}", '{"n": 3}')
    assert patched == {
        "compute": "service",
        "action": "patch",
        "key": key,
        "etag_before": guarded["etag_after"],
        "etag_after": patched["etag_after"],
    }
    deleted = line_of("DELETE", f"/picus/{key}", If_Match=patched["etag_after"])
    assert deleted == {"compute": "function", "action": "delete", "key": key, "etag_before": patched["etag_after"]}
    assert line_of("PUT", "/picus/put/k")["action"] == "create"
    assert line_of("DELETE", "/picus/k") == {"compute": "function", "action": "delete", "key": "k"}
    many = line_of("POST", "/picus/put", "{}\n{}\n{}\n", NDJSON_TYPE)
    assert many == {"compute": "service", "action": "create_many", "count": 3, "unknown": 0, "complete": True}


def test_nothing_changed_is_no_audit_line(computes: Computes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    key = {"Idempotency_Key": '"k"'}
    computes.send("POST", "/picus/put", "{}", **key)
    assert len(lines(caplog, "picus.audit")) == 1
    computes.send("POST", "/picus/put", "{}", **key)
    computes.send("GET", "/picus/list")
    computes.send("DELETE", "/picus/absent")
    computes.send("PATCH", "/picus/put/absent", "{}")
    computes.send("POST", "/picus/put", "{}\n[]\n", NDJSON_TYPE)
    computes.send("PUT", "/picus/put/k", "{}", **bearer("x"))
    assert lines(caplog, "picus.audit") == []


def test_request_lines_say_who_and_which_item(closed: Computes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    token = new()
    token_id = token.split("_")[1]
    for method, compute, path in (("GET", "service", "/picus/get/a%2Fb"), ("DELETE", "function", "/picus/a%2Fb")):
        for fields, who in (
            (bearer(token), {"token": token_id, "label": "test", "status": 404}),
            ({}, {"token": "anonymous", "status": 401}),
            (bearer("x"), {"token": "malformed", "status": 401}),
        ):
            caplog.clear()
            closed.send(method, path, **fields, **BEHIND)
            [line] = lines(caplog, "picus.request")
            line.pop("request_id", None)
            expected = {"compute": compute, "client": "203.0.113.9", "agent": "tester/1", "key": "a/b", **who}
            assert line == expected
    caplog.clear()
    closed.send("GET", "/", **BEHIND)
    [line] = lines(caplog, "picus.request")
    assert (line["token"], "key" in line) == ("anonymous", False)


@given(st.text(max_size=5))
def test_no_line_has_a_secret(around: str) -> None:
    text = "picus_Ab12Cd34_" + "s" * 49
    record = logging.makeLogRecord({"name": "n", "levelname": "INFO", "msg": around + text, "path": f"/{text}"})
    try:
        raise ValueError(text)
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    for formatter in (logs.JsonFormatter(), logs.TextFormatter()):
        line = formatter.format(record)
        assert "sss" not in line
        assert line.count("picus_Ab12Cd34_***") == 3
    quick = logs.JsonFormatter().info_line("picus.request", "request", {"path": text, "status": 200})
    assert json.loads(quick)["path"] == "picus_Ab12Cd34_***"
