"""Input that costs a client little must not cost the service much."""

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.expect import QUICK_SECONDS, assert_error

PARAMETERS = 'a/b;"' + ";" * 12_000


def test_long_blank_line_of_ndjson_is_413(client: Client) -> None:
    body = b" " * 3_000_000 + b"\nbad"
    error = assert_error(client.put(body, Content_Type="application/x-ndjson"), 413)
    assert error["code"] == "body_too_large"
    assert str(error["error"]).startswith("Line 1: ")


def test_body_that_can_not_be_an_item_is_413_at_once(client: Client) -> None:
    response = client.put('{"a":[' + ",".join(["1"] * 1_200_000) + "]}")
    assert assert_error(response, 413)["code"] == "item_too_large"
    assert response.seconds < QUICK_SECONDS


def test_long_media_types_cost_nothing(client: Client) -> None:
    response = client.put("{}", Content_Type=PARAMETERS)
    assert_error(response, 415)
    accepted = client.request("GET", "/picus/get/absent", headers={"Accept": PARAMETERS})
    assert_error(accepted, 404, echo="absent")
    assert response.seconds + accepted.seconds < QUICK_SECONDS / 2


def test_too_many_parameters_are_400(client: Client) -> None:
    error = assert_error(client.request("GET", "/picus/list?" + "_&" * 1_500), 400)
    assert "parameters" in str(error["error"])


@pytest.mark.parametrize("field", ["bytes=99999999-", "bytes=5-1"])
def test_range_outside_of_static_file_is_416(client: Client, field: str) -> None:
    error = assert_error(client.request("GET", "/static/picus_api/icon.svg", headers={"Range": field}), 416)
    assert error["code"] == "range_not_satisfiable"


def test_lone_surrogates_are_no_key(client: Client) -> None:
    assert_error(client.request("PUT", "/picus/put/%ED%A0%80", "{}", JSON_TYPE), 400)
    assert_error(client.request("DELETE", "/picus/%ED%A0%80"), 400)
