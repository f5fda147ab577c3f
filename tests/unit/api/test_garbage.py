"""What requests leave behind: no object, even before a garbage collection."""

import gc
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from django.urls import resolve

from picus_api.json_viewset import JsonRequest
from tests.unit.api.conftest import JSON_TYPE, body_of


def respond(method: str, path: str, **fields: Any) -> int:
    """Call the view of a path, without the client of the tests, which keeps its requests. Return the status."""
    request = RequestFactory().generic(method, path, b'{"a": 1}', JSON_TYPE, **fields)
    match = resolve(request.path)
    response = match.func(request, *match.args, **match.kwargs)
    if hasattr(response, "render"):
        response.render()
    body_of(response)
    response.close()
    return int(response.status_code)


@pytest.mark.usefixtures("item_table")
def test_requests_are_freed_with_their_responses() -> None:
    # Other tests may keep requests, such as in log records.
    others = requests()
    gc.disable()
    try:
        assert (respond("POST", "/picus/put"), respond("GET", "/picus/list")) == (201, 200)
        assert (respond("GET", "/picus/get/absent"), respond("GET", "/picus/list?limit=1")) == (404, 200)
        assert respond("PUT", "/picus/put/absent", HTTP_IF_MATCH='"x"') == 412
        assert respond("DELETE", "/picus/list") == 405
        assert [each for each in requests() if not any(each is other for other in others)] == []
    finally:
        gc.enable()


def requests() -> list[object]:
    return [each for each in gc.get_objects() if type(each) in (WSGIRequest, JsonRequest)]
