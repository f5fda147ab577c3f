"""Every error has one shape, from both computes, and a missing item has the same bytes from both."""

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import Response
from tests.contract.expect import (
    BROWSER,
    assert_error,
    assert_not_found,
    assert_request_id,
)

# How a key is written in the path, and the key that is meant. One raw slash at the end belongs to no key.
KEYS = {
    "abc": "abc",
    "abc/": "abc",
    "abc//": "abc/",
    "abc%2F": "abc/",
    "abc%2F/": "abc/",
    "a%2Fb": "a/b",
    "a%2fb": "a/b",
    "a/b": "a/b",
    "%2F": "/",
    "%2Fa": "/a",
    "get%2Fabc": "get/abc",
    "list%2Fabc": "list/abc",
    "list/abc": "list/abc",
    "listing": "listing",
    "a%20b": "a b",
    "%20": " ",
    "%20a%20": " a ",
    "a+b": "a+b",
    "a%2Bb": "a+b",
    "a%22b": 'a"b',
    "%27": "'",
    "a%5Cb": "a\\b",
    "%5C%22": '\\"',
    "100%25": "100%",
    "%2525": "%25",
    "a%252Fb": "a%2Fb",
    "a%3Fb": "a?b",
    "a?b": "a",
    "a%23b": "a#b",
    "a&b=c;d,e": "a&b=c;d,e",
    "a:b@c!$()*": "a:b@c!$()*",
    "{proxy+}": "{proxy+}",
    "%7Bkey%7D": "{key}",
    "caf%C3%A9": "café",
    "cafe%CC%81": "cafe\u0301",
    "%E5%90%8D": "名",
    "%F0%9F%94%91": "🔑",
    "%E2%80%A8": "\u2028",
    "%00": "\0",
    "a%0Ab": "a\nb",
    "%0D%0AX-Injected:%201": "\r\nX-Injected: 1",
    "%7F": "\x7f",
    ".hidden": ".hidden",
    "...": "...",
    "a..b": "a..b",
    "a.json": "a.json",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E": "<script>alert(1)</script>",
    "null": "null",
    "0": "0",
    "x" * 2048: "x" * 2048,
    "x" * 2049: "x" * 2049,
    "%C3%A9" * 1024: "é" * 1024,
    "%C3%A9" * 1025: "é" * 1025,
}
NO_KEYS = {
    "stray byte": "%FF",
    "surrogate": "%ED%A0%80",
    "cut character": "a%F0%9F%94",
    "no hexadecimal": "%zz",
    "percent alone": "%",
    "a digit short": "a%2",
}


@pytest.mark.parametrize(("written", "key"), KEYS.items(), ids=[written[:40] for written in KEYS])
def test_an_absent_key_has_the_same_bytes_from_both_computes(client: Client, written: str, key: str) -> None:
    got = client.request("GET", f"/picus/get/{written}")
    deleted = client.request("DELETE", f"/picus/{written}")
    assert_not_found(got, key)
    assert_not_found(deleted, key)
    assert got.body == deleted.body
    assert got.header("Content-Type") == deleted.header("Content-Type")


@pytest.mark.parametrize("written", NO_KEYS.values(), ids=NO_KEYS)
def test_key_that_is_not_text_is_refused(client: Client, written: str) -> None:
    got = client.request("GET", f"/picus/get/{written}")
    deleted = client.request("DELETE", f"/picus/{written}")
    for response in (got, deleted):
        if response.header("Server") == "CloudFront":
            pytest.skip("CloudFront itself turns such paths away")
        assert_error(response, 400, 404)
    assert (got.status, got.body) == (deleted.status, deleted.body)


@pytest.mark.parametrize("dots", [".", "..", "%2E", "%2E%2E", "a/..", "../list"])
def test_dot_segments_are_an_error_and_never_a_redirect(client: Client, dots: str) -> None:
    # CloudFront resolves them to choose an origin but sends the path on as it came: 404 or 405, by compute.
    assert_error(client.request("GET", f"/picus/get/{dots}"), 400, 404, 405)
    assert_error(client.request("DELETE", f"/picus/get/{dots}"), 400, 404, 405)


def ask(client: Client, cause: str, accept: str | None) -> Response:
    """Provoke one row of the contract's table of errors."""
    method, target, body, headers = {
        "bad JSON": ("POST", "/picus/put", "{", JSON_TYPE),
        "a value that cannot be held": ("POST", "/picus/put", '{"a": 1e400}', JSON_TYPE),
        "absent, from the service": ("GET", "/picus/get/absent", None, {}),
        "absent, from the function": ("DELETE", "/picus/absent", None, {}),
        "changed, to the service": ("PUT", "/picus/put/absent", "{}", JSON_TYPE | {"If-Match": '"x"'}),
        "changed, to the function": ("DELETE", "/picus/absent", None, {"If-Match": '"x"'}),
        "malformed field, to the service": ("PUT", "/picus/put/absent", "{}", JSON_TYPE | {"If-Match": "x"}),
        "malformed field, to the function": ("DELETE", "/picus/absent", None, {"If-Match": "x"}),
        "unknown path": ("GET", "/nothing/here", None, {}),
        "wrong method, from the service": ("POST", "/picus/list", None, {}),
        "wrong method, from the function": ("GET", "/picus/absent", None, {}),
        "too large an item": ("POST", "/picus/put", '{"a": "' + "x" * 410_000 + '"}', JSON_TYPE),
        "wrong media type": ("POST", "/picus/put", "a", {"Content-Type": "text/plain"}),
    }[cause]
    return client.request(method, target, body, headers | ({"Accept": accept} if accept else {}))


CAUSES = {
    "bad JSON": 400,
    "a value that cannot be held": 400,
    "absent, from the service": 404,
    "absent, from the function": 404,
    "changed, to the service": 412,
    "changed, to the function": 412,
    "malformed field, to the service": 400,
    "malformed field, to the function": 400,
    "unknown path": 404,
    "wrong method, from the service": 405,
    "wrong method, from the function": 405,
    "too large an item": 413,
    "wrong media type": 415,
}


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json;q=0.5, text/plain"])
@pytest.mark.parametrize(("cause", "status"), CAUSES.items())
def test_every_error_has_same_shape(client: Client, cause: str, status: int, accept: str | None) -> None:
    assert_error(ask(client, cause, accept), status, echo="absent")


@pytest.mark.parametrize(("cause", "status"), CAUSES.items())
def test_error_is_json_for_any_accept(client: Client, cause: str, status: int) -> None:
    assert_error(ask(client, cause, "image/png"), status, 406, echo="absent")


@pytest.mark.parametrize("accept", ["nonsense", "a/b/c", ";;;", "application/json;q=x", ",", "*", "x" * 5000])
def test_nonsensical_accept_is_no_server_error(client: Client, accept: str) -> None:
    response = client.request("GET", "/picus/list", headers={"Accept": accept})
    if response.status != 200:
        assert_error(response, 400, 406)


@pytest.mark.parametrize(("cause", "status"), CAUSES.items())
def test_no_error_shows_a_browser_more(client: Client, cause: str, status: int) -> None:
    response = ask(client, cause, BROWSER)
    assert response.status == status
    assert_request_id(response)
    page = response.body.decode()
    assert not any(
        leak in page for leak in ("Traceback (most recent", "arn:aws", "DJANGO_SETTINGS_MODULE", "ErrorDetail")
    )


@pytest.mark.parametrize("cause", ["absent, from the function", "wrong method, from the function"])
def test_function_responds_alike_to_browsers(client: Client, cause: str) -> None:
    assert_error(ask(client, cause, BROWSER), CAUSES[cause], echo="absent")


def test_an_error_does_not_affect_the_next_request(client: Client) -> None:
    with client.connection() as connection:
        for _ in range(50):
            assert_error(client.send(connection, "POST", "/picus/put", "{", JSON_TYPE), 400)
            assert_error(client.send(connection, "POST", "/picus/put", "[]", JSON_TYPE), 400)
            assert_not_found(client.send(connection, "GET", "/picus/get/absent"), "absent")
            assert_not_found(client.send(connection, "DELETE", "/picus/absent"), "absent")
        created = client.send(connection, "POST", "/picus/put", "{}", JSON_TYPE)
        assert created.status == 201
        deleted = client.send(connection, "DELETE", f"/picus/{created.object['object_id']}")
        assert deleted.status == 200
