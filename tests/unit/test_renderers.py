"""The plain response beside Django's own, which it stands in for."""

import pytest
from django.http import HttpResponse
from django.http.response import BadHeaderError

from picus_api.renderers import PlainResponse


def test_a_plain_response_equals_djangos() -> None:
    headers = {"ETag": '"1"', "Location": "/picus/get/1"}
    plain = PlainResponse(b"{}", "application/json", 201, headers)
    full = HttpResponse(b"{}", "application/json", 201, headers=headers)
    plain["X-More"] = full["X-More"] = "é"
    plain.headers.setdefault("etag", "other")
    assert vars(plain).keys() == vars(full).keys()
    assert dict(plain.items()) == dict(full.items())
    assert (plain.content, plain.status_code, plain.reason_phrase) == (b"{}", 201, "Created")
    assert sorted(plain.serialize().splitlines()) == sorted(full.serialize().splitlines())


def test_a_plain_response_refuses_line_breaks_in_headers() -> None:
    response = PlainResponse(b"", "application/json", 200)
    with pytest.raises(BadHeaderError):
        response["X-More"] = "1\r\nX-Injected: 1"


def test_plain_responses_share_no_cookies() -> None:
    PlainResponse(b"", "application/json", 200).set_cookie("name", "value")
    assert not PlainResponse(b"", "application/json", 200).cookies
