"""The assertions on responses that all test files share."""

import re

from tests.contract.client import Client
from tests.contract.exact import Json, Response

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# Shorter than the ten seconds for which the server waits for the rest of a request.
QUICK_SECONDS = 8.0
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
# The body of the old service, which has no code.
MISSING_ITEM = re.compile(r'Item with key ".*" not found', re.DOTALL)
# What an error must never contain: tracebacks, reprs, vendor errors, ARNs, hosts, markup.
LEAK = re.compile(
    r"traceback|arn:aws|amazonaws|<class|<[a-z!/]|\bobject at 0x|ErrorDetail|Decimal\(|\w(Exception|Error)\b"
    r"|\.py\b|pynamodb|boto|django|rest_framework|127\.0\.0\.1|localhost|picus_data|\bb'|\{'|\['",
    re.IGNORECASE,
)


def assert_request_id(response: Response) -> str:
    """Return the request id, which every response must have."""
    request_id = response.header("X-Request-Id")
    assert request_id, response
    assert request_id.strip() == request_id, response
    return request_id


def assert_json(response: Response, status: int = 200) -> Json:
    """Return the exact content of a JSON response, which must have this status."""
    assert response.status == status, response
    assert response.media_type == "application/json", response
    assert_request_id(response)
    return response.json


def assert_error(response: Response, *statuses: int, pointer: str | None = None, echo: str = "") -> dict[str, Json]:
    """Assert that the response is an error in the one shape. `echo`: the client's text that the sentence may repeat."""
    assert response.status in statuses, response
    assert response.media_type == "application/json", response
    assert_request_id(response)
    error = response.object
    sentence = error["error"]
    assert isinstance(sentence, str), response
    assert sentence.strip(), response
    ours = sentence.replace(echo, "") if echo else sentence
    assert "\n" not in ours, ours
    assert len(ours) < 300, ours
    assert not LEAK.search(ours), ours
    if response.status == 404 and MISSING_ITEM.fullmatch(sentence):
        assert "code" not in error, error
    else:
        assert CODE.fullmatch(str(error["code"])), error
    if pointer is not None:
        assert error.get("pointer") == pointer, error
    return error


def assert_not_found(response: Response, key: str) -> None:
    """Assert that the response is the contract's 404 for this key, with nothing else in the body."""
    assert_error(response, 404, echo=key)
    assert response.object == {"error": f'Item with key "{key}" not found'}


def assert_method_refused(response: Response, *served: str) -> None:
    """Assert that the response is a 405 whose `Allow` lists these methods (besides HEAD and OPTIONS)."""
    assert_error(response, 405)
    assert response.allow - {"HEAD", "OPTIONS"} == set(served), response


def assert_malformed_is_refused(response: Response, *statuses: int) -> None:
    """Assert that a malformed request is refused. On AWS, CloudFront may refuse it with another body."""
    assert response.seconds < QUICK_SECONDS, response
    if response.header("Server") == "CloudFront":
        assert 400 <= response.status < 500, response
    else:
        assert_error(response, *statuses)


def assert_still_serves(client: Client) -> None:
    """Assert that both computes still serve an ordinary client, quickly."""
    key = client.store('{"after": "hostile input"}')
    assert client.fetch(key) == {"after": "hostile input"}
    response = client.delete(key)
    assert response.status == 200, response
    assert response.seconds < QUICK_SECONDS, response
