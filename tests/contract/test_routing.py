"""Routes match the path as it was sent: an encoded slash never separates, other spellings of a character are equal."""

import pytest

from tests.contract.client import JSON_TYPE, Client
from tests.contract.expect import assert_error, assert_json, assert_not_found


@pytest.mark.parametrize(
    "target",
    [
        "/picus%2Fput/folder/victim",
        "/picus%2fput/victim",
        "/%2Fpicus/put/victim",
        "//picus/put/victim",
        "/picus//put/v",
    ],
)
def test_encoded_or_double_slash_reaches_no_route(client: Client, target: str) -> None:
    assert_error(client.request("PUT", target, '{"a": 1}', JSON_TYPE), 404, 405)
    assert_not_found(client.get("victim"), "victim")


@pytest.mark.parametrize("target", ["/picus%2Fget/x", "/picus%2Flist", "/picus/list%2F", "/picus%2Fput%2Fx"])
def test_get_with_encoded_slash_is_404_or_405(client: Client, target: str) -> None:
    assert_error(client.request("GET", target), 404, 405)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "target",
    ["/picus/put/../get/victim", "/picus/get/%2e%2e/put/victim", "/picus/./put/victim", "/picus/x/../victim"],
)
def test_dot_segments_reach_no_route(client: Client, method: str, target: str) -> None:
    body = '{"a": 1}' if method == "PUT" else None
    assert_error(client.request(method, target, body, JSON_TYPE), 404, 405)
    assert_not_found(client.get("victim"), "victim")


def test_encoded_unreserved_characters_are_the_character(client: Client) -> None:
    assert client.request("PUT", "/%70icus/put/unreserved%2Dkey", '{"a": 1}', JSON_TYPE).status == 201
    assert_json(client.request("GET", "/picus/%67et/unreserved-key"))
    assert_json(client.request("GET", "/picus/get/%75nreserved-key"))
    assert_json(client.request("DELETE", "/picus/%75nreserved%2dkey"))
    assert_not_found(client.get("unreserved-key"), "unreserved-key")


def test_encoded_slash_stays_in_the_key(client: Client) -> None:
    assert client.request("PUT", "/picus/put/get%2Fx", '{"a": "x"}', JSON_TYPE).status == 400
    assert client.request("PUT", "/picus/put/a%2Fb", '{"a": "x"}', JSON_TYPE).status == 201
    assert client.fetch("a/b") == {"a": "x"}


@pytest.mark.parametrize(("name", "close"), [("limt", "limit"), ("Limit", "limit"), ("feilds", "fields"), ("sort", "")])
def test_unknown_list_parameter_is_refused(client: Client, name: str, close: str) -> None:
    error = assert_error(client.request("GET", f"/picus/list?{name}=1"), 400)
    assert (error["code"], error["parameter"]) == ("invalid_parameter", name)
    assert close in str(error["error"])


def test_next_link_always_works_or_the_query_is_refused(client: Client) -> None:
    """The keys and the filter have their largest length, and so has the link."""
    for number in range(3):
        assert client.replace(f"{number}" + "k" * 2047, '{"long": "key"}').status == 201
    for length in (400, 3000, 5000, 5300, 5600, 6000, 7000):
        filter_text = f"object_id!=%22{'x' * length}%22"
        response = client.request("GET", f"/picus/list?limit=1&filter={filter_text}")
        if response.status == 200:
            assert_json(client.request("GET", str(response.header("Link")).partition("<")[2].partition(">")[0]))
        else:
            assert assert_error(response, 400)["parameter"] == "filter"


@pytest.mark.parametrize("range_field", ["bytes 0-1/10", "bytes */10", "x"])
def test_put_of_a_part_is_refused(client: Client, range_field: str) -> None:
    client.replace("whole", '{"a": "x"}')
    error = assert_error(client.replace("whole", '{"b": 1}', Content_Range=range_field), 400)
    assert error["code"] == "invalid_header"
    assert client.fetch("whole") == {"a": "x"}


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "GZIP"])
@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_compressed_body_is_415_that_names_the_coding(client: Client, coding: str, media_type: str) -> None:
    response = client.put(b"\x1f\x8b", Content_Type=media_type, Content_Encoding=coding)
    error = assert_error(response, 415)
    assert (error["code"], response.header("Accept-Encoding")) == ("unsupported_content_coding", "identity")
    assert coding in str(error["error"])


def test_wrong_media_type_names_the_supported_ones(client: Client) -> None:
    post = client.put("{}", Content_Type="text/plain")
    assert "application/json" in str(assert_error(post, 415)["error"])
    assert post.header("Accept") == post.header("Accept-Post") == "application/json, application/x-ndjson"
    patch = client.request("PATCH", "/picus/put/x", "{}", {"Content-Type": "application/json-patch+json"})
    assert_error(patch, 415)
    assert patch.header("Accept") == patch.header("Accept-Patch") == "application/merge-patch+json, application/json"


def test_unknown_format_is_406_that_names_the_formats(client: Client) -> None:
    error = assert_error(client.request("GET", "/picus/list?format=xml"), 406)
    assert error["code"] == "not_acceptable"
    assert all(word in str(error["error"]) for word in ("format", "xml", "json", "ndjson"))
    refused = assert_error(client.request("GET", "/picus/list", headers={"Accept": "application/xml"}), 406)
    assert "application/x-ndjson" in str(refused["error"])


HTML = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", HTML),
        ("/", {}),
        ("/picus/list?limit=1", HTML),
        ("/picus/list?limit=1", {}),
        ("/picus/get/head", HTML),
        ("/picus/get/head", {}),
        ("/picus/get/absent", HTML),
        ("/picus/get/absent", {}),
        ("/picus/list", {}),
        ("/schema/", {}),
        ("/docs/", HTML),
        ("/nothing", HTML),
        ("/static/picus_api/page.css", {}),
        ("/__version__", {}),
    ],
)
def test_head_has_the_fields_of_get(client: Client, target: str, headers: dict[str, str]) -> None:
    client.replace("head", '{"a": 1}')
    get, head = (client.request(method, target, headers=headers) for method in ("GET", "HEAD"))
    assert head.body == b""
    assert head.status == get.status
    varying = {"date", "x-request-id", "connection", "transfer-encoding", "x-amz-cf-id"}

    def fields(response: object) -> dict[str, str]:
        return {name.lower(): value for name, value in response.headers if name.lower() not in varying}  # type: ignore[attr-defined]

    assert fields(head) == fields(get)


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("GET", "/picus/list"), ("GET", "/picus/get/x"), ("DELETE", "/picus/x"), ("GET", "/nothing")],
)
def test_responses_are_dated_and_never_cached_unchecked(client: Client, method: str, target: str) -> None:
    response = client.request(method, target)
    assert response.header("Date")
    checked = client.token and target.startswith("/picus/")
    assert response.header("Cache-Control") == ("no-store" if checked else "no-cache")


def test_static_file_is_304_for_any_matching_tag(client: Client) -> None:
    path = "/static/picus_api/page.css"
    tag = str(client.request("GET", path).header("ETag"))
    for field in (tag, f"W/{tag}", f'"other", {tag}', "*", f'W/"x",W/{tag}'):
        assert client.request("GET", path, headers={"If-None-Match": field}).status == 304, field
    assert client.request("GET", path, headers={"If-None-Match": '"other"'}).status == 200
    assert client.request("GET", path).header("Access-Control-Allow-Origin") is None


def test_options_asterisk_is_about_the_server(client: Client) -> None:
    assert client.request("OPTIONS", "*").status == 200
