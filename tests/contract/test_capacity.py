"""`Prefer: consumed-capacity` (RFC 7240): what a request cost in DynamoDB's capacity units."""

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import Response
from tests.contract.lists import target

ASKED = {"Prefer": "consumed-capacity"}


def cost(response: Response) -> float:
    assert response.header("Preference-Applied") == "consumed-capacity"
    return float(response.header("Picus-Consumed-Capacity") or "nothing")


def test_put_and_get_report_their_capacity(client: Client) -> None:
    # A write unit is 1 KB, a strongly consistent read unit 4 KB.
    put = client.request("POST", "/picus/put", f'{{"a": "{"x" * 9_000}"}}', JSON_TYPE | ASKED)
    assert put.status == 201
    # A stand-in for DynamoDB may count calls alone.
    assert 1 <= cost(put) <= 20
    get = client.request("GET", str(put.header("Location")), headers=ASKED)
    assert get.status == 200
    assert 1 <= cost(get) <= 4


def test_missing_item_costs_capacity(client: Client) -> None:
    response = client.request("GET", "/picus/get/absent", headers=ASKED)
    assert response.status == 404
    assert 0.5 <= cost(response) <= 1


def test_page_costs_what_it_evaluates(client: Client) -> None:
    response = client.request("GET", target(limit=1, filter='mark = "nobody has this"'), headers=ASKED)
    assert response.json == []
    assert cost(response) >= 0.5


def test_a_request_without_a_call_costs_nothing(client: Client) -> None:
    response = client.request("GET", target(limit="x"), headers=ASKED)
    assert response.status == 400
    assert cost(response) == 0


@pytest.mark.parametrize(
    "prefer",
    ["consumed-capacity", "Consumed-Capacity", "respond-async, consumed-capacity", "consumed-capacity; x=1, a=b"],
)
def test_the_preference_may_stand_among_others(client: Client, prefer: str) -> None:
    assert cost(client.request("GET", "/picus/get/absent", headers={"Prefer": prefer})) > 0


@pytest.mark.parametrize("prefer", [None, "", "return=minimal", "consumed-capacity-x", 'x="consumed-capacity"', ",;,"])
def test_capacity_is_sent_only_on_request(client: Client, prefer: str | None) -> None:
    headers = {} if prefer is None else {"Prefer": prefer}
    response = client.request("GET", "/picus/get/absent", headers=headers)
    assert response.header("Picus-Consumed-Capacity") is response.header("Preference-Applied") is None


def test_delete_reports_its_capacity(client: Client) -> None:
    key = client.store('{"a": 1}')
    response = client.request("DELETE", f"/picus/{key}", headers=ASKED)
    assert response.status == 200
    assert 1 <= cost(response) <= 2
    again = client.request("DELETE", f"/picus/{key}", headers=ASKED)
    assert again.status == 404
    assert cost(again) <= 2


def test_streamed_response_has_no_capacity_header(client: Client) -> None:
    response = client.request("GET", "/picus/list", headers=ASKED)
    assert response.status == 200
    assert response.header("Picus-Consumed-Capacity") is response.header("Preference-Applied") is None
