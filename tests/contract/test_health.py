"""Health and version, as Mozilla's Dockerflow defines them."""

import pytest

from tests.contract.client import Client
from tests.contract.expect import assert_error, assert_json, assert_method_refused, assert_request_id

HEALTH = ["/__lbheartbeat__", "/__heartbeat__", "/__version__"]


def test_lbheartbeat_is_200(client: Client) -> None:
    response = client.request("GET", "/__lbheartbeat__")
    assert response.status == 200, response
    assert_request_id(response)


def test_heartbeat_checks_the_table(client: Client) -> None:
    assert isinstance(assert_json(client.request("GET", "/__heartbeat__")), dict)


def test_the_version_has_its_four_keys(client: Client) -> None:
    version = assert_json(client.request("GET", "/__version__"))
    assert isinstance(version, dict)
    assert version.keys() == {"version", "commit", "source", "build"}


@pytest.mark.parametrize("host", ["10.0.0.7", "10.0.0.7:8000", "nobody.example", "_", "[::1]"])
def test_liveness_ignores_the_host(client: Client, host: str) -> None:
    response = client.request("GET", "/__lbheartbeat__", headers={"Host": host})
    if response.header("Server") == "CloudFront":
        pytest.skip("CloudFront itself turns foreign hosts away")
    assert response.status == 200, response


@pytest.mark.parametrize("target", HEALTH)
def test_head_has_headers_of_get_without_body(client: Client, target: str) -> None:
    response = client.request("HEAD", target)
    assert (response.status, response.body) == (200, b"")
    assert_request_id(response)


@pytest.mark.parametrize("target", HEALTH)
def test_options_lists_methods_of_path(client: Client, target: str) -> None:
    response = client.request("OPTIONS", target)
    assert response.status in (200, 204)
    assert response.allow - {"HEAD", "OPTIONS"} == {"GET"}
    assert_request_id(response)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("target", HEALTH)
def test_other_methods_are_refused(client: Client, method: str, target: str) -> None:
    assert_method_refused(client.request(method, target), "GET")


@pytest.mark.parametrize("target", HEALTH)
def test_a_query_string_changes_nothing(client: Client, target: str) -> None:
    assert client.request("GET", f"{target}?x=1").status == 200


def test_health_names_no_table_and_no_account(client: Client) -> None:
    for target in HEALTH:
        response = client.request("GET", target)
        assert response.status == 200, response
        assert not any(name in response.body for name in (b"arn:aws", b"amazonaws", b"picus_data"))


def test_a_health_path_that_does_not_exist_is_404(client: Client) -> None:
    assert_error(client.request("GET", "/__nothing__"), 404)
