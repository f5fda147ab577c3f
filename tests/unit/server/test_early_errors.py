"""Responses to requests that never reach Django (picus_project/server/early_errors.py)."""

import json
import logging

import pytest
from gunicorn.http import errors

from picus_project.server.early_errors import error_response, timeout_response

log = logging.getLogger("test")


def parsed(response: bytes) -> tuple[int, dict[str, str], dict[str, str]]:
    head, _, body = response.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    headers = dict(field.split(": ", 1) for field in fields)
    assert headers["Content-Length"] == str(len(body))
    return int(status.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidRequestLine("x"), 400, "invalid_http"),
        (errors.ObsoleteFolding("X"), 400, "invalid_http"),
        (errors.InvalidChunkSize(b"zz"), 400, "invalid_http"),
        (errors.LimitRequestLine(9000, 8000), 414, "uri_too_long"),
        (errors.ExpectationFailed("miracles"), 417, "expectation_failed"),
        (errors.LimitRequestHeaders("too many"), 431, "headers_too_large"),
        (errors.UnsupportedTransferCoding("gzip"), 501, "unsupported_transfer_coding"),
        (errors.InvalidResponseHeader("X"), 500, "internal_error"),  # type: ignore[attr-defined]
        (RuntimeError("secret"), 500, "internal_error"),
    ],
)
def test_each_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    found, headers, body = parsed(error_response(error, log))
    assert (found, body["code"]) == (status, code)
    assert headers["Content-Type"] == "application/json"
    assert headers["Connection"] == "close"
    assert "secret" not in body["error"]


@pytest.mark.parametrize(("status", "code"), [(408, "body_timeout"), (503, "busy")])
def test_timeouts_have_their_code(status: int, code: str) -> None:
    found, _, body = parsed(timeout_response(status, log))
    assert (found, body["code"]) == (status, code)


def test_only_unexpected_exceptions_are_logged_as_errors(caplog: pytest.LogCaptureFixture) -> None:
    _, headers, _ = parsed(error_response(errors.InvalidHeader("X"), log))
    assert [record.levelno for record in caplog.records if record.levelno >= logging.ERROR] == []
    try:
        raise RuntimeError("a bug")
    except RuntimeError as error:
        _, headers, _ = parsed(error_response(error, log))
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    assert record.exc_info[0] is RuntimeError
    assert vars(record)["request_id"] == headers["X-Request-Id"]
