"""What the edge does to a request on its way, by the template."""

import re
from pathlib import Path

import pytest

from tests.local.test_template import changed
from tests.local.twin import Loop, Recorder, Twin, Viewer, answering, exchange, get, response

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"


def test_each_path_reaches_its_origin_raw(twin: Twin, alb: Recorder, api: Recorder) -> None:
    assert get(twin.port, "/picus/get/%61%2fb%20?x=%20&y=a/b?c&&").body == b"alb"
    assert alb.last.target == "/picus/get/%61%2fb%20?x=%20&y=a/b?c&&"
    assert get(twin.port, "/p%69cus/%61%2fb?x=1").body == b"api"
    assert api.last.target == "/stage/p%69cus/%61%2fb?x=1"


def test_a_wrong_order_of_behaviours_shows(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    swapped = changed(template_copy, ("PathPattern: /picus/list\n", "PathPattern: /picus/*\n"))
    assert get(Twin.start(loop, alb, api, swapped).port, "/picus/x").body == b"alb"


def test_a_wrong_letter_in_a_pattern_shows(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    wrong = changed(template_copy, ("PathPattern: /picus/get/*", "PathPattern: /picus/Get/*"))
    assert get(Twin.start(loop, alb, api, wrong).port, "/picus/get/x").body == b"api"


def test_the_viewers_host_goes_to_the_alb_and_not_to_the_api(twin: Twin, alb: Recorder, api: Recorder) -> None:
    get(twin.port, "/picus/list")
    get(twin.port, "/picus/x")
    assert alb.last.header("Host") == "viewer.example"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", api.last.header("Host") or "")


def test_a_wrong_header_policy_shows(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    wrong = changed(template_copy, ("PolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac", "PolicyId: " + ALL_VIEWER))
    get(Twin.start(loop, alb, api, wrong).port, "/picus/x")
    assert api.last.header("Host") == "viewer.example"


def test_a_request_without_host_gets_the_origins(twin: Twin, alb: Recorder) -> None:
    exchange(twin.port, b"GET / HTTP/1.0\r\n\r\n")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", alb.last.header("Host") or "")


def test_the_secret_headers_are_sent_and_the_viewers_own_are_not(twin: Twin, alb: Recorder, api: Recorder) -> None:
    for target in ("/picus/list", "/picus/x"):
        get(twin.port, target, "X-Origin-Secret: guess", "X-Api-Key: guess")
    assert (alb.last.header("X-Origin-Secret"), alb.last.header("x-api-key")) == ("alb-secret", "guess")
    assert (api.last.header("X-Origin-Secret"), api.last.header("x-api-key")) == ("guess", "api-secret")


def test_every_request_has_a_fresh_id_that_the_viewer_gets_too(twin: Twin, alb: Recorder) -> None:
    answers = [get(twin.port, "/", "X-Amz-Cf-Id: mine") for _ in range(3)]
    ids = [seen.header("X-Amz-Cf-Id") for seen in alb.requests]
    assert len(set(ids)) == 3
    assert "mine" not in ids
    assert [answer.headers["x-amz-cf-id"] for answer in answers] == ids


def test_the_viewers_address_is_appended(twin: Twin, alb: Recorder) -> None:
    get(twin.port, "/", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.10")
    assert alb.last.header("X-Forwarded-For") == "203.0.113.9, 203.0.113.10, 127.0.0.1"


def test_via_says_that_it_went_through_the_edge(twin: Twin, alb: Recorder) -> None:
    answer = get(twin.port, "/", "Via: 1.0 before")
    assert alb.last.all("Via") == ["1.0 before", "1.1 local.cloudfront.net (CloudFront)"]
    assert answer.headers["via"] == "1.1 local.cloudfront.net (CloudFront)"


def test_end_to_end_headers_pass_in_their_spelling(twin: Twin, alb: Recorder, api: Recorder) -> None:
    for target, origin in (("/picus/list", alb), ("/picus/x", api)):
        get(twin.port, target, "Authorization: Bearer x", "coOKie: a=b; c", "X-Multi: 1", "X-Multi: 2")
        assert ("coOKie", "a=b; c") in origin.last.headers
        assert origin.last.header("Authorization") == "Bearer x"
        assert origin.last.all("X-Multi") == ["1", "2"]


def test_headers_of_one_connection_stay_there(twin: Twin, alb: Recorder) -> None:
    get(
        twin.port,
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


def test_hop_by_hop_headers_of_a_response_stay_there(loop: Loop, api: Recorder) -> None:
    origin = answering(response(200, b"x", ("Connection", "X-Named, close"), ("X-Named", "1"), ("X-Kept", "1")))
    answer = get(Twin.start(loop, origin, api).port, "/")
    assert "x-named" not in answer.headers
    assert (answer.headers["x-kept"], answer.body) == ("1", b"x")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"])
def test_all_seven_methods_pass(twin: Twin, alb: Recorder, method: str) -> None:
    assert get(twin.port, "/picus/list", method=method).status == 200
    assert alb.last.method == method


@pytest.mark.parametrize("method", ["FOO", "get", "CONNECT", "TRACE"])
def test_another_method_is_405_with_allow(twin: Twin, alb: Recorder, method: str) -> None:
    answer = get(twin.port, "/picus/list", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE")
    assert method in answer.error
    assert answer.headers["x-request-id"]
    assert alb.requests == []


def test_a_method_missing_in_the_template_shows(loop: Loop, alb: Recorder, api: Recorder, template_copy: Path) -> None:
    wrong = changed(template_copy, ("PUT, POST, PATCH, DELETE]", "PUT, POST, PATCH]"))
    answer = get(Twin.start(loop, alb, api, wrong).port, "/picus/x", method="DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT, POST, PATCH")


def test_a_get_with_a_body_is_refused_as_cloudfront_does(twin: Twin, alb: Recorder) -> None:
    answer = exchange(twin.port, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    assert answer.status == 403
    assert "body" in answer.error
    assert alb.requests == []


def test_a_url_over_the_quota_is_414(twin: Twin, alb: Recorder) -> None:
    assert get(twin.port, "/" + "x" * 8191).status == 200
    assert get(twin.port, "/" + "x" * 8192).status == 414


def test_a_target_that_is_no_path_is_400(twin: Twin) -> None:
    assert get(twin.port, "*", method="OPTIONS").status == 400
    assert get(twin.port, "http://elsewhere.example/").status == 400


def test_both_sides_keep_their_connections(twin: Twin, alb: Recorder) -> None:
    viewer = Viewer(twin.port)
    for _ in range(3):
        viewer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert viewer.read().body == b"alb"
    viewer.close()
    assert (len(alb.requests), alb.connections) == (3, 1)


def test_requests_sent_ahead_are_answered_in_turn(twin: Twin) -> None:
    viewer = Viewer(twin.port)
    viewer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nDELETE /picus/x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert viewer.read().body == b"alb"
    assert viewer.read().body == b"api"
    viewer.close()
