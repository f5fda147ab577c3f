"""CORS on the one domain: off unless it is switched on, and then the same from both computes."""

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


def said(response: Response) -> dict[str, str]:
    """What the answer says of CORS."""
    return {name.lower(): value for name, value in response.headers if name.lower().startswith("access-control-")}


def preflight(client: Client, path: str, origin: str, method: str = "DELETE") -> Response:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "if-match,content-type"}
    return client.request("OPTIONS", path, headers={"Origin": origin, **asked})


@pytest.mark.parametrize("origin", [OURS, ALSO_OURS])
def test_a_preflight_has_the_same_answer_everywhere(client: Client, origin: str) -> None:
    answers = [preflight(client, path, origin) for path in PATHS]
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"")}
    rules = said(answers[0])
    assert rules.pop("access-control-expose-headers")
    assert rules == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
        "access-control-allow-headers": "accept, authorization, content-type, idempotency-key, if-match, "
        "if-none-match, prefer, x-request-id",
        "access-control-max-age": "86400",
    }
    assert all(said(answer) == said(answers[0]) for answer in answers)
    assert all(answer.header("Content-Type") == answers[0].header("Content-Type") for answer in answers)
    assert all(answer.header("X-Request-Id") for answer in answers)


def test_answers_and_errors_are_readable_to_an_allowed_origin_alone(client: Client) -> None:
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
        assert said(ours)["access-control-allow-origin"] == OURS
        assert "ETag" in said(ours)["access-control-expose-headers"].split(", ")
        assert said(theirs) == said(nobodys) == {}
        for response in (ours, theirs, nobodys):
            assert "origin" in (response.header("Vary") or "").lower()
        assert (ours.status, ours.body) == (theirs.status, theirs.body)


@pytest.mark.parametrize("origin", [THEIRS, "null", "https://app.example.evil.example", "http://app.example", "x"])
def test_a_preflight_of_another_origin_is_told_nothing(client: Client, origin: str) -> None:
    for path in PATHS:
        response = preflight(client, path, origin)
        assert (response.status, response.body, said(response)) == (200, b"", {})


def test_options_without_a_question_is_what_it_was(client: Client) -> None:
    for path in ("/picus/list", "/picus/x"):
        response = client.request("OPTIONS", path, headers={"Origin": OURS})
        assert (response.status, response.media_type) == (200, "application/json")
        assert response.allow
        assert said(response)["access-control-allow-origin"] == OURS


def test_a_star_is_for_everybody(open_to_all: Client) -> None:
    for path in PATHS:
        for origin in (OURS, THEIRS, "null"):
            assert said(preflight(open_to_all, path, origin))["access-control-allow-origin"] == "*"
