"""One domain: the path alone chooses the compute, and everything else passes through."""

from uuid import uuid4

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import parse_exact
from tests.contract.expect import BROWSER, assert_error, assert_json, assert_method_refused, assert_request_id

UNSERVED = [
    ("GET", "/picus/absent", "DELETE"),
    ("GET", "/picus/absent/", "DELETE"),
    ("POST", "/picus/absent", "DELETE"),
    ("PUT", "/picus/absent", "DELETE"),
    ("PATCH", "/picus/absent", "DELETE"),
    ("GET", "/picus/get", "DELETE"),
    ("GET", "/picus/LIST", "DELETE"),
    ("GET", "/picus/List/", "DELETE"),
    ("GET", "/picus/listing", "DELETE"),
    ("GET", "/picus/list/more", "DELETE"),
    ("POST", "/picus/putting", "DELETE"),
    ("POST", "/picus/PUT", "DELETE"),
    ("GET", "/picus/Get/absent", "DELETE"),
    ("DELETE", "/picus/list", "GET"),
    ("DELETE", "/picus/list/", "GET"),
    ("DELETE", "/picus/put", "POST"),
    ("DELETE", "/picus/put/", "POST"),
    ("DELETE", "/picus/get/absent", "GET"),
    ("DELETE", "/picus/get/absent/", "GET"),
]
UNKNOWN = [
    ("GET", "/nothing"),
    ("POST", "/nothing"),
    ("DELETE", "/nothing"),
    ("GET", "/picus"),
    ("DELETE", "/picus"),
    ("GET", "/picus/"),
    ("POST", "/picus/"),
    ("DELETE", "/picus/"),
    ("GET", "/picus/get/"),
    ("DELETE", "/picus/get/"),
    ("PUT", "/picus/put//"),
    ("PATCH", "/picus/put//"),
    ("GET", "/PICUS/list"),
    ("DELETE", "/Picus/absent"),
    ("GET", "//picus/list"),
    ("GET", "/static/nothing.css"),
    ("GET", "/static/"),
    ("GET", "/static/../manage.py"),
    ("GET", "/static/%2e%2e/manage.py"),
    ("GET", "/admin/"),
    ("GET", "/.env"),
    ("GET", "/caf%C3%A9"),
    ("GET", "/%22%3Cb%3E"),
]
REQUESTS = [
    ("GET", "/"),
    ("GET", "/picus/list"),
    ("GET", "/picus/get/absent"),
    ("DELETE", "/picus/absent"),
    ("DELETE", "/picus/list"),
    ("POST", "/picus/put"),
    ("PUT", "/picus/put/absent"),
    ("PATCH", "/picus/put/absent"),
    ("GET", "/picus/absent"),
    ("OPTIONS", "/picus/absent"),
    ("OPTIONS", "/picus/list"),
    ("HEAD", "/picus/list"),
    ("GET", "/nothing"),
    ("GET", "/__lbheartbeat__"),
    ("GET", "/__heartbeat__"),
    ("GET", "/__version__"),
]


@pytest.mark.parametrize(("method", "target", "served"), UNSERVED)
def test_the_path_alone_chooses_the_compute(client: Client, method: str, target: str, served: str) -> None:
    assert_method_refused(client.request(method, target), served)


@pytest.mark.parametrize(("method", "target"), UNKNOWN)
def test_an_unknown_path_is_404(client: Client, method: str, target: str) -> None:
    assert_error(client.request(method, target), 404)


def test_names_like_service_paths_are_keys(client: Client) -> None:
    for name in ("get", "listing", "list/more", "putting", "LIST", "Get/absent", "__version__"):
        assert_json(client.request("DELETE", f"/picus/{name}"), 404)
        error = f'Item with key "{name}" not found'
        assert client.request("DELETE", f"/picus/{name}").object == {"error": error}


def test_root_responds(client: Client) -> None:
    assert_json(client.request("GET", "/"))
    response = client.request("HEAD", "/")
    assert (response.status, response.media_type, response.body) == (200, "application/json", b"")
    assert client.request("OPTIONS", "/").status in (200, 204)
    assert_method_refused(client.request("POST", "/"), "GET")


@pytest.mark.parametrize(("method", "target"), REQUESTS)
def test_every_response_has_unique_request_id(client: Client, method: str, target: str) -> None:
    responses = [client.request(method, target) for _ in range(2)]
    assert len({assert_request_id(response) for response in responses}) == 2


def test_a_query_string_reaches_the_service(client: Client) -> None:
    browser = {"Accept": BROWSER}
    assert client.request("GET", "/picus/list", headers=browser).media_type == "text/html"
    assert_json(client.request("GET", "/picus/list?format=json", headers=browser))


@pytest.mark.parametrize("query", ["?", "?a=b&a=c", "?%FF=%00", "?a=%2F..%2F", "?" + "x=1&" * 500, "?a=b?c=d"])
def test_any_query_string_is_accepted(client: Client, query: str) -> None:
    key = client.store('{"a": 1}')
    assert client.get(key, query).object == {"object_id": key, "a": parse_exact("1")}
    assert client.delete(key, query).status == 200


def test_credentials_of_other_schemes_are_ignored(client: Client) -> None:
    authorization = {} if client.token else {"Authorization": "Basic eDp5"}
    headers = authorization | {"Cookie": "sessionid=x; csrftoken=y"}
    response = client.request("POST", "/picus/put", '{"a": 1}', JSON_TYPE | headers)
    assert response.status == 201
    key = str(response.object["object_id"])
    assert client.get(key, **headers).status == 200
    assert client.delete(key, **headers).status == 200


def test_foreign_origin_is_accepted(client: Client) -> None:
    response = client.put('{"a": 1}', Origin="https://elsewhere.example", Referer="https://elsewhere.example/x")
    assert response.status == 201


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_the_method_cannot_be_overridden_by_a_header(client: Client, name: str) -> None:
    key = client.store('{"a": 1}')
    response = client.request("POST", f"/picus/{key}", "", {name: "DELETE"})
    assert_method_refused(response, "DELETE")
    assert client.get(key, **{name: "DELETE"}).status == 200
    assert client.fetch(key) == {"a": parse_exact("1")}


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host: evil.example",
        "X-Original-URL: /__version__",
        "X-Rewrite-URL: /",
        "Forwarded: host=evil.example",
        "X-Forwarded-Prefix: /evil",
        "SCRIPT_NAME: /picus",
        "PATH_INFO: /__version__",
    ],
)
def test_proxy_headers_do_not_change_response(client: Client, header: str) -> None:
    name, _, value = header.partition(": ")
    key = str(uuid4())
    for method, target in (("GET", f"/picus/get/{key}"), ("DELETE", f"/picus/{key}"), ("GET", "/__version__")):
        odd, plain = client.request(method, target, headers={name: value}), client.request(method, target)
        assert (odd.status, odd.body) == (plain.status, plain.body)
    location = client.request("POST", "/picus/put", "{}", JSON_TYPE | {name: value}).header("Location")
    assert location is not None
    assert location.startswith("/picus/get/")
