"""How the local edge routes and changes requests, by the template."""

import re
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.local.edge_harness import (
    EdgeConnection,
    Loop,
    Recorder,
    exchange,
    get,
    respond_with,
    response_bytes,
    start_edge,
)
from tests.local.test_distribution import changed

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"


def test_raw_target_reaches_the_origin_of_its_path(edge_port: int, alb: Recorder, api: Recorder) -> None:
    assert get(edge_port, "/picus/get/%61%2fb%20?x=%20&y=a/b?c&&").body == b"alb"
    assert alb.last.target == "/picus/get/%61%2fb%20?x=%20&y=a/b?c&&"
    assert get(edge_port, "/p%69cus/%61%2fb?x=1").body == b"api"
    assert api.last.target == "/stage/p%69cus/%61%2fb?x=1"


def test_order_of_behaviours_decides(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    swapped = changed(template_copy, ("PathPattern: /picus/list\n", "PathPattern: /picus/*\n"))
    assert get(start_edge(loop, alb, api, swapped), "/picus/x").body == b"alb"


def test_patterns_are_case_sensitive(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    wrong = changed(template_copy, ("PathPattern: /picus/get/*", "PathPattern: /picus/Get/*"))
    assert get(start_edge(loop, alb, api, wrong), "/picus/get/x").body == b"api"


def test_client_host_goes_to_the_alb_and_not_to_the_api(edge_port: int, alb: Recorder, api: Recorder) -> None:
    get(edge_port, "/picus/list")
    get(edge_port, "/picus/x")
    assert alb.last.header("Host") == "viewer.example"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", api.last.header("Host") or "")


def test_header_policy_decides_about_host(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    wrong = changed(template_copy, ("PolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac", "PolicyId: " + ALL_VIEWER))
    get(start_edge(loop, alb, api, wrong), "/picus/x")
    assert api.last.header("Host") == "viewer.example"


def test_http_1_0_request_without_host_gets_the_origins(edge_port: int, alb: Recorder) -> None:
    exchange(edge_port, b"GET / HTTP/1.0\r\n\r\n")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", alb.last.header("Host") or "")


def test_secret_headers_replace_the_clients_own(edge_port: int, alb: Recorder, api: Recorder) -> None:
    for target in ("/picus/list", "/picus/x"):
        get(edge_port, target, "X-Origin-Secret: guess", "X-Api-Key: guess")
    assert (alb.last.header("X-Origin-Secret"), alb.last.header("x-api-key")) == ("alb-secret", "guess")
    assert (api.last.header("X-Origin-Secret"), api.last.header("x-api-key")) == ("guess", "api-secret")


def test_request_and_response_share_a_new_id(edge_port: int, alb: Recorder) -> None:
    responses = [get(edge_port, "/", "X-Amz-Cf-Id: mine") for _ in range(3)]
    ids = [seen.header("X-Amz-Cf-Id") for seen in alb.requests]
    assert len(set(ids)) == 3
    assert "mine" not in ids
    assert [response.headers["x-amz-cf-id"] for response in responses] == ids


def test_client_address_is_appended_to_forwarded_for(edge_port: int, alb: Recorder) -> None:
    get(edge_port, "/", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.10")
    assert alb.last.header("X-Forwarded-For") == "203.0.113.9, 203.0.113.10, 127.0.0.1"


def test_via_names_the_edge(edge_port: int, alb: Recorder) -> None:
    response = get(edge_port, "/", "Via: 1.0 before")
    assert alb.last.all("Via") == ["1.0 before", "1.1 local.cloudfront.net (CloudFront)"]
    assert response.headers["via"] == "1.1 local.cloudfront.net (CloudFront)"


def test_end_to_end_headers_keep_their_spelling(edge_port: int, alb: Recorder, api: Recorder) -> None:
    for target, origin in (("/picus/list", alb), ("/picus/x", api)):
        get(edge_port, target, "Authorization: Bearer x", "coOKie: a=b; c", "X-Multi: 1", "X-Multi: 2")
        assert ("coOKie", "a=b; c") in origin.last.headers
        assert origin.last.header("Authorization") == "Bearer x"
        assert origin.last.all("X-Multi") == ["1", "2"]


def test_hop_by_hop_request_headers_are_removed(edge_port: int, alb: Recorder) -> None:
    get(
        edge_port,
        "/",
        "Connection: close, X-Named",
        "X-Named: 1",
        "Keep-Alive: timeout=5",
        "TE: trailers",
        "Upgrade: h2c",
        "Proxy-Authorization: Basic x",
        "X-Forwarded-Proto: https",
        "X-Real-IP: 1.2.3.4",
        "X-Edge-Location: moon",
    )
    assert {name.lower() for name, _ in alb.last.headers} == {
        "host",
        "x-origin-secret",
        "x-forwarded-for",
        "via",
        "x-amz-cf-id",
    }


def test_hop_by_hop_response_headers_are_removed(loop: Loop, api: Recorder) -> None:
    origin = respond_with(
        response_bytes(200, b"x", ("Connection", "X-Named, close"), ("X-Named", "1"), ("X-Kept", "1"))
    )
    response = get(start_edge(loop, origin, api), "/")
    assert "x-named" not in response.headers
    assert (response.headers["x-kept"], response.body) == ("1", b"x")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"])
def test_all_seven_methods_pass(edge_port: int, alb: Recorder, method: str) -> None:
    assert get(edge_port, "/picus/list", method=method).status == 200
    assert alb.last.method == method


@pytest.mark.parametrize("method", ["FOO", "get", "CONNECT", "TRACE"])
def test_other_method_is_405_with_allow(edge_port: int, alb: Recorder, method: str) -> None:
    response = get(edge_port, "/picus/list", method=method)
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE")
    assert method in response.error
    assert response.headers["x-request-id"]
    assert alb.requests == []


def test_template_decides_the_allowed_methods(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    wrong = changed(template_copy, ("PUT, POST, PATCH, DELETE]", "PUT, POST, PATCH]"))
    response = get(start_edge(loop, alb, api, wrong), "/picus/x", method="DELETE")
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT, POST, PATCH")


def test_get_with_a_body_is_403(edge_port: int, alb: Recorder) -> None:
    response = exchange(edge_port, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    assert response.status == 403
    assert "body" in response.error
    assert alb.requests == []


def test_url_over_the_quota_is_414(edge_port: int, alb: Recorder) -> None:
    assert get(edge_port, "/" + "x" * 8191).status == 200
    assert get(edge_port, "/" + "x" * 8192).status == 414


def test_absolute_form_is_forwarded_in_origin_form(edge_port: int, alb: Recorder, api: Recorder) -> None:
    for target, origin, forwarded in (
        ("http://other.example/picus/get/%61%2fb?x=%20", alb, "/picus/get/%61%2fb?x=%20"),
        ("HTTP://other.example:80/picus/x", api, "/stage/picus/x"),
        ("https://other.example", alb, "/"),
        ("http://other.example?x", alb, "/?x"),
    ):
        assert get(edge_port, target).status == 200
        assert origin.last.target == forwarded


def test_authority_of_absolute_form_replaces_host(edge_port: int, alb: Recorder, api: Recorder) -> None:
    get(edge_port, "http://other.example:81/picus/list")
    assert alb.last.header("Host") == "other.example:81"
    get(edge_port, "http://other.example:81/picus/x")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", api.last.header("Host") or "")


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        ("/picus%2Fput/folder/victim", "alb"),
        ("/picus%2fget/k", "alb"),
        ("/picus/get%2Fk", "api"),
        ("/%70icus/k", "api"),
        ("/%70%69%63%75%73/%67et/k", "alb"),
        ("//picus/k", "alb"),
        ("/picus//list", "api"),
        ("/picus/x/../list", "api"),
        ("/picus/%2e%2e/list", "api"),
        ("/picus/get/../put/k", "alb"),
    ],
)
def test_unusual_spellings_are_routed_like_at_cloudfront(edge_port: int, target: str, origin: str) -> None:
    assert get(edge_port, target).body.decode() == origin


def test_options_asterisk_is_200_from_the_edge(edge_port: int, alb: Recorder, api: Recorder) -> None:
    response = get(edge_port, "*", method="OPTIONS")
    assert (response.status, response.body, response.headers["content-length"]) == (200, b"", "0")
    assert parsedate_to_datetime(response.headers["date"])
    assert alb.requests == api.requests == []


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_asterisk_with_another_method_is_400(edge_port: int, method: str) -> None:
    assert get(edge_port, "*", method=method).status == 400


@pytest.mark.parametrize("host", ["a b", "x/y", "user@h", "h:port", "[::1", "h,h2:x"])
def test_host_that_is_no_authority_is_400(edge_port: int, alb: Recorder, host: str) -> None:
    response = exchange(edge_port, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (response.status, alb.requests) == (400, [])
    assert "Host" in response.error


@pytest.mark.parametrize("target", ["picus/list", "ftp://h/", "http://", "http://user@h/", "/a#b", "h:80", "**"])
def test_target_of_no_form_is_400(edge_port: int, alb: Recorder, target: str) -> None:
    response = get(edge_port, target)
    assert (response.status, alb.requests) == (400, [])
    assert "request target" in response.error


def test_connections_are_kept_on_both_sides(edge_port: int, alb: Recorder) -> None:
    client = EdgeConnection(edge_port)
    for _ in range(3):
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.read().body == b"alb"
    client.close()
    assert (len(alb.requests), alb.connections) == (3, 1)


@pytest.mark.parametrize("value", ["close", "keep-alive, close", "Close", "x-named,close"])
def test_close_in_the_connection_list_ends_the_connection(edge_port: int, value: str) -> None:
    client = EdgeConnection(edge_port)
    client.send(f"GET / HTTP/1.1\r\nHost: x\r\nConnection: {value}\r\n\r\n".encode())
    response = client.read()
    assert (response.body, response.headers["connection"]) == (b"alb", "close")
    assert client.ended()
    client.close()


def test_pipelined_requests_get_responses_in_order(edge_port: int) -> None:
    client = EdgeConnection(edge_port)
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nDELETE /picus/x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.read().body == b"alb"
    assert client.read().body == b"api"
    client.close()
