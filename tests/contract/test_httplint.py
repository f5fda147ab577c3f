"""httplint (https://github.com/mnot/httplint) finds nothing in any response but the notes that are explained here."""

import json
import time

import pytest
from httplint import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels

from tests.contract.client import JSON_TYPE, Client
from tests.contract.exact import Response

HTML = {"Accept": "text/html,*/*;q=0.5"}
NDJSON = {"Content-Type": "application/x-ndjson"}
KEY = "/picus/get/httplint"
PUT_KEY = "/picus/put/httplint"

# Each note that is accepted, and why.
EXPLAINED = {
    "FRESHNESS_NO_CACHE_NO_VALIDATOR": "Lists, pages and errors have no validator. no-store instead of no-cache would "
    "switch off the browser's back-forward cache, which keeps the text of a form.",
    "STATUS_BAD_REQUEST": "The request is bad on purpose.",
    "STATUS_406_WITHOUT_NEGOTIATION": "The query parameter format negotiates as Accept does.",
    "REQUEST_HDR_IN_RESPONSE": "RFC 9110, sections 12.5.1 and 12.5.3, define Accept and Accept-Encoding for a 415.",
    "STORE_PUBLIC_UNNECESSARY": "WhiteNoise sends public with static files; it changes nothing.",
}

REQUESTS: list[tuple[str, str, dict[str, str], str | None]] = [
    ("GET", "/", {}, None),
    ("GET", "/", HTML, None),
    ("GET", "/picus/list", {}, None),
    ("GET", "/picus/list", HTML, None),
    ("GET", "/picus/list", {"Accept": "application/x-ndjson"}, None),
    ("GET", "/picus/list?fields=object_id", {"Accept": "text/csv"}, None),
    ("GET", "/picus/list?limit=1", {}, None),
    ("GET", "/picus/list?limit=0", {}, None),
    ("GET", "/picus/list", {"Prefer": "consumed-capacity"}, None),
    ("GET", "/picus/list?limit=1", {"Prefer": "count=exact"}, None),
    ("GET", "/picus/list?key=httplint&key=absent", {}, None),
    ("GET", "/picus/list?format=xml", {}, None),
    ("GET", KEY, {}, None),
    ("GET", KEY, HTML, None),
    ("GET", KEY, {"If-None-Match": "*"}, None),
    ("GET", "/picus/get/absent", {}, None),
    ("GET", "/picus/get/absent", HTML, None),
    ("HEAD", KEY, {}, None),
    ("HEAD", "/picus/list", {}, None),
    ("OPTIONS", KEY, {}, None),
    ("OPTIONS", "/picus/list", {}, None),
    ("OPTIONS", "/picus/httplint", {}, None),
    ("OPTIONS", "*", {}, None),
    ("POST", "/picus/put", JSON_TYPE, '{"a": 1}'),
    ("POST", "/picus/put", JSON_TYPE, "{"),
    ("POST", "/picus/put", {**JSON_TYPE, "Prefer": "return=representation"}, '{"a": 1}'),
    ("POST", "/picus/put", {"Content-Type": "text/plain"}, "x"),
    ("POST", "/picus/put", {**JSON_TYPE, "Content-Encoding": "gzip"}, "x"),
    ("POST", "/picus/put", NDJSON, '{"a": 1}\n{"b": 2}\n'),
    ("POST", "/picus/put", NDJSON, '{"a": 1}\n{\n'),
    ("PUT", PUT_KEY, JSON_TYPE, '{"a": 2}'),
    ("PUT", PUT_KEY, {**JSON_TYPE, "If-None-Match": "*"}, "{}"),
    ("PATCH", PUT_KEY, {"Content-Type": "application/merge-patch+json"}, '{"b": 1}'),
    ("PATCH", PUT_KEY, {"Content-Type": "text/plain"}, "x"),
    ("DELETE", "/picus/absent", {}, None),
    ("DELETE", "/picus/httplint", {"If-Match": '"other"'}, None),
    ("GET", "/picus/httplint", {}, None),
    ("DELETE", "/picus/list", {}, None),
    ("GET", "/nothing", {}, None),
    ("GET", "/nothing", HTML, None),
    ("GET", "/schema/", {}, None),
    ("GET", "/schema/?format=yaml", {}, None),
    ("GET", "/docs/", HTML, None),
    ("GET", "/static/picus_api/page.css", {}, None),
    ("GET", "/static/nothing.css", {}, None),
    ("GET", "/__version__", {}, None),
    ("GET", "/__heartbeat__", {}, None),
    ("GET", "/__lbheartbeat__", {}, None),
    ("POST", "/__version__", {}, ""),
]


def notes(client: Client, method: str, target: str, headers: dict[str, str], response: Response) -> list[str]:
    """Return the warnings and errors of httplint about a response."""
    request = HttpRequestLinter(start_time=time.time())
    uri = client.base_url + target if target != "*" else client.base_url
    request.process_request_topline(method.encode(), uri.encode(), b"1.1")
    request.process_headers([(name.encode(), value.encode()) for name, value in headers.items()])
    request.finish_content(True)
    linter = HttpResponseLinter(start_time=time.time(), no_content=method == "HEAD")
    linter.request = request
    linter.process_response_topline(b"1.1", str(response.status).encode(), b"")
    linter.process_headers([(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers])
    linter.feed_content(response.body)
    linter.finish_content(True)
    return [
        f"{type(note).__name__}: {note.subject}: {note.summary}"
        for note in linter.notes
        if note.level in (levels.WARN, levels.BAD) and type(note).__name__ not in EXPLAINED
    ]


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    REQUESTS,
    ids=[f"{method} {target} {json.dumps(headers)}" for method, target, headers, _ in REQUESTS],
)
def test_httplint_finds_nothing(
    client: Client, method: str, target: str, headers: dict[str, str], body: str | None
) -> None:
    client.replace("httplint", '{"a": 1}')
    response = client.request(method, target, body, headers)
    if response.status == 200 and headers == NDJSON:
        # These items have no Location by which the client would find and delete them.
        client.created.extend(json.loads(line)["object_id"] for line in response.body.splitlines())
    assert notes(client, method, target, headers, response) == [], response.headers
