"""CORS: off by default; when it is on, both computes send the same headers."""

from collections.abc import Iterator

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import Response
from tests.stack import running_stack

OURS, ALSO_OURS, THEIRS = "https://app.example", "http://localhost:3000", "https://evil.example"
PATHS = ["/", "/picus/list", "/picus/put", "/picus/put/x", "/picus/get/x", "/picus/x"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running_stack(CORS_ALLOWED_ORIGINS=f"{OURS}, {ALSO_OURS}") as url:
        yield Client(url)


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[Client]:
    with running_stack(CORS_ALLOWED_ORIGINS="*") as url:
        yield Client(url)


def cors_headers(response: Response) -> dict[str, str]:
    """Return the CORS headers of a response."""
    return {name.lower(): value for name, value in response.headers if name.lower().startswith("access-control-")}


def preflight(client: Client, path: str, origin: str, method: str = "DELETE") -> Response:
    requested = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "if-match,content-type"}
    return client.request("OPTIONS", path, headers={"Origin": origin, **requested})


@pytest.mark.parametrize("origin", [OURS, ALSO_OURS])
def test_preflight_responses_are_the_same_on_every_path(client: Client, origin: str) -> None:
    responses = [preflight(client, path, origin) for path in PATHS]
    assert {(response.status, response.body) for response in responses} == {(200, b"")}
    rules = cors_headers(responses[0])
    assert rules.pop("access-control-expose-headers")
    assert rules == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
        "access-control-allow-headers": "accept, authorization, content-type, idempotency-key, if-match, "
        "if-none-match, prefer, x-request-id",
        "access-control-max-age": "86400",
    }
    assert all(cors_headers(response) == cors_headers(responses[0]) for response in responses)
    assert all(response.header("Content-Type") == responses[0].header("Content-Type") for response in responses)
    assert all(response.header("X-Request-Id") for response in responses)


def test_only_an_allowed_origin_can_read_responses_and_errors(client: Client) -> None:
    requests = [
        ("GET", "/picus/list"),
        ("GET", "/picus/get/absent"),
        ("POST", "/picus/put"),
        ("DELETE", "/picus/absent"),
    ]
    for method, path in requests:
        ours, theirs, nobodys = (
            client.request(method, path, b"{" if method == "POST" else None, JSON_TYPE | headers)
            for headers in ({"Origin": OURS}, {"Origin": THEIRS}, {})
        )
        assert cors_headers(ours)["access-control-allow-origin"] == OURS
        assert "ETag" in cors_headers(ours)["access-control-expose-headers"].split(", ")
        assert cors_headers(theirs) == cors_headers(nobodys) == {}
        for response in (ours, theirs, nobodys):
            assert "origin" in (response.header("Vary") or "").lower()
        assert (ours.status, ours.body) == (theirs.status, theirs.body)


@pytest.mark.parametrize("origin", [THEIRS, "null", "https://app.example.evil.example", "http://app.example", "x"])
def test_preflight_of_another_origin_gets_no_cors_headers(client: Client, origin: str) -> None:
    for path in PATHS:
        response = preflight(client, path, origin)
        assert (response.status, response.body, cors_headers(response)) == (200, b"", {})


def test_options_without_preflight_headers_is_unchanged(client: Client) -> None:
    for path in ("/picus/list", "/picus/x"):
        response = client.request("OPTIONS", path, headers={"Origin": OURS})
        assert (response.status, response.media_type) == (200, "application/json")
        assert response.allow
        assert cors_headers(response)["access-control-allow-origin"] == OURS


def test_star_allows_every_origin(open_to_all: Client) -> None:
    for path in PATHS:
        for origin in (OURS, THEIRS, "null"):
            assert cors_headers(preflight(open_to_all, path, origin))["access-control-allow-origin"] == "*"
