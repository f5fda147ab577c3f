"""POST /picus/put with application/x-ndjson: many new items, all of them checked before any is written."""

import json
from uuid import UUID

import pytest

from tests.contract.client import Client
from tests.contract.exact import Json, Response, parse_exact
from tests.contract.expect import assert_error, assert_request_id
from tests.contract.lists import items_of, lines_of, target
from tests.contract.test_put_refusals import AT_FAULT, NOT_AN_OBJECT

LINES = {"Content-Type": "application/x-ndjson"}


def post(client: Client, body: str | bytes, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request("POST", "/picus/put", body, LINES | named)


def created(client: Client, response: Response) -> list[str]:
    """Return the keys in a response, which must say that all items are written."""
    assert response.status == 200, response
    assert_request_id(response)
    results = lines_of(response)
    assert all(list(result) == ["object_id"] for result in results), results
    keys = [str(result["object_id"]) for result in results]
    client.created += keys
    return keys


def found(client: Client, mark: str) -> list[dict[str, Json]]:
    return items_of(client.request("GET", target(filter=f'mark = "{mark}"')))


def test_each_line_becomes_an_item_in_order(client: Client) -> None:
    body = "".join(f'{{"n": {n}, "x": 1.{n}5}}\n' for n in range(60))
    keys = created(client, post(client, body))
    assert len(set(keys)) == 60
    assert all(UUID(key).version == 4 for key in keys)
    for n in (0, 1, 24, 25, 26, 59):
        assert client.fetch(keys[n]) == parse_exact(f'{{"n": {n}, "x": 1.{n}5}}')


@pytest.mark.parametrize(
    "body", ['{"a": 1}', '{"a": 1}\n', '{"a": 1}\r\n', '\n\n{"a": 1}\n \n', ' {"a" : 1} \t', '\r\n\r\n{"a": 1}\r\n\r\n']
)
def test_blank_lines_are_ignored(client: Client, body: str) -> None:
    [key] = created(client, post(client, body))
    assert client.fetch(key) == {"a": parse_exact("1")}


def test_ndjson_item_has_etag_and_no_version(client: Client) -> None:
    keys = created(client, post(client, "{}\n{}\n"))
    tags = [client.get(key).header("ETag") for key in keys]
    assert tags[0] != tags[1]
    assert client.fetch(keys[0]) == {}


@pytest.mark.parametrize(("item", "pointer"), AT_FAULT.values(), ids=AT_FAULT)
def test_bad_value_in_line_has_pointer(client: Client, item: str, pointer: str) -> None:
    mark = f"refused {hash(item)}"
    good = json.dumps({"mark": mark})
    error = assert_error(post(client, "\n".join([good, "", good, item, good])), 400, pointer=pointer)
    assert error["line"] == parse_exact("4")
    assert str(error["error"]).startswith("Line 4: ")
    assert found(client, mark) == []


@pytest.mark.parametrize(
    "line",
    [*NOT_AN_OBJECT, "{", '{"a": 1} {"b": 2}', '{"a":', '"', "\ufeff{}", b'{"a": "\xff"}', "[{}]", '{"a": 1},', "\x00"],
)
def test_error_names_the_bad_line(client: Client, line: str | bytes) -> None:
    third = line if isinstance(line, bytes) else line.encode()
    good = b'{"mark": "the third of five"}\n'
    error = assert_error(post(client, good * 2 + third + b"\n" + good * 2), 400)
    assert error["line"] == parse_exact("3")
    assert "line 1" not in str(error["error"])
    assert found(client, "the third of five") == []


def test_too_large_line_is_413(client: Client) -> None:
    good = '{"mark": "beside a large one"}\n'
    for large in ('"' + "x" * 410_000 + '"', "[" + "[]," * 110_000 + "[]]", '"' + "x" * 3_000_000 + '"'):
        error = assert_error(post(client, f'{good}{{"a": {large}}}\n{good}'), 413)
        assert error["line"] == parse_exact("2")
    assert found(client, "beside a large one") == []


def test_items_just_within_the_limit_are_written(client: Client) -> None:
    keys = created(client, post(client, f'{{"a": "{"x" * 409_550}"}}\n' * 3))
    assert len(client.fetch(keys[2])["a"]) == 409_550  # type: ignore[arg-type]


def test_large_items_make_several_batches(client: Client) -> None:
    body = "".join(f'{{"n": {n}, "filler": "{"x" * 390_000}"}}\n' for n in range(30))
    keys = created(client, post(client, body))
    assert [client.fetch(key)["n"] for key in (keys[0], keys[29])] == [parse_exact("0"), parse_exact("29")]


@pytest.mark.parametrize("body", ["", "\n", " \r\n\t\n"])
def test_body_without_lines_is_400(client: Client, body: str) -> None:
    assert_error(post(client, body), 400)


def test_an_array_stays_a_400_under_both_types(client: Client) -> None:
    assert_error(post(client, '[{"a": 1}]'), 400)
    assert_error(client.put('[{"a": 1}]'), 400)
    assert_error(client.put('{"a": 1}\n{"a": 2}\n'), 400)


@pytest.mark.parametrize("accept", ["*/*", "application/x-ndjson", "application/*", "text/html, */*;q=0.1"])
def test_response_to_ndjson_is_ndjson(client: Client, accept: str) -> None:
    created(client, post(client, "{}\n", Accept=accept))


def test_client_without_ndjson_is_406(client: Client) -> None:
    assert_error(post(client, '{"mark": "refused with 406"}\n', Accept="application/json"), 406)
    assert found(client, "refused with 406") == []


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Type": "application/x-ndjson; charset=x"}])
def test_compressed_ndjson_is_415(client: Client, headers: dict[str, str]) -> None:
    assert_error(client.request("POST", "/picus/put", "{}\n", LINES | headers), 415)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_chunked_ndjson_works(client: Client, size: int) -> None:
    body = '{"a": "é"}\n'.encode() * 200
    head = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    keys = created(client, client.exchange([head, chunks, b"0\r\n\r\n"]))
    assert len(keys) == 200
    assert client.fetch(keys[199]) == {"a": "é"}


def test_truncated_ndjson_writes_nothing(client: Client) -> None:
    if client.secure:
        pytest.skip("TLS cannot be half-closed")
    head = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", "Content-Length: 1000")
    assert_error(client.exchange([head + b'{"mark": "broken off"}\n'], half_close=True), 400, 502)
    assert found(client, "broken off") == []


def test_early_error_in_long_body_gets_response(client: Client) -> None:
    lines = [b'{"mark": "long"}\n', b"{\n", *[b'{"mark": "long", "filler": "%b"}\n' % (b"x" * 10_000)] * 2000]
    length = sum(map(len, lines))
    head = client.head_of("POST", "/picus/put", "Content-Type: application/x-ndjson", f"Content-Length: {length}")
    error = assert_error(client.exchange([head, *lines]), 400)
    assert error["line"] == parse_exact("2")
    assert found(client, "long") == []


def test_ndjson_to_one_item_is_415(client: Client) -> None:
    for method in ("PUT", "PATCH"):
        assert_error(client.request(method, "/picus/put/some-key", "{}\n", LINES), 415)


def test_idempotency_key_with_ndjson_is_400(client: Client) -> None:
    assert_error(post(client, "{}\n", Idempotency_Key='"x"'), 400)
