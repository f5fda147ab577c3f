"""A token with a key prefix sees exactly the items whose key begins so, by every operation."""

from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picus_api.core import store
from picus_api.core.query import pagination
from tests.unit.access.conftest import Computes, Reply, bearer, new

PREFIXES = ("a", "a/", "a/b", "é/")
KEYS = st.builds(
    lambda prefix, rest: prefix + rest,
    st.sampled_from(["", "b/", *PREFIXES]),
    st.text("ab/é% ", min_size=1, max_size=3),
)
TABLES = st.dictionaries(KEYS, st.integers(0, 2), max_size=8)
OPERATIONS = st.lists(st.tuples(st.sampled_from(["PUT", "PATCH", "DELETE", "GET"]), KEYS), max_size=5)


def items_of(reply: Reply) -> dict[str, Any]:
    return {item["object_id"]: item["n"] for item in reply.json}


def pages(computes: Computes, query: str, fields: dict[str, str]) -> list[dict[str, Any]]:
    """Return the items of all pages."""
    found: list[dict[str, Any]] = []
    path = f"/picus/list?{query}"
    while True:
        reply = computes.send("GET", path, **fields)
        assert reply.status == 200, reply
        found += reply.json
        if "Link" not in reply.headers:
            return found
        path = reply.headers["Link"].partition(">")[0][1:]


def fill(items: dict[str, int]) -> None:
    for page in pagination.read_pages():
        for item in page.items:
            store.delete(item["object_id"]["S"])
    for key, number in items.items():
        store.replace(key, {"n": {"N": str(number)}})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PREFIXES), TABLES, OPERATIONS)
def test_prefixed_token_agrees_with_model(
    closed: Computes, prefix: str, items: dict[str, int], operations: list[tuple[str, str]]
) -> None:
    fill(items)
    team, everyone = bearer(new(prefix=prefix)), bearer(new())
    for method, key in operations:
        path = {"GET": "/picus/get/", "DELETE": "/picus/"}.get(method, "/picus/put/") + quote(key, safe="")
        reply = closed.send(method, path, '{"n": 9}', **team)
        if not key.startswith(prefix):
            assert reply.status == 403, (method, key)
        elif method == "PUT":
            assert reply.status == (200 if key in items else 201)
            items[key] = 9
        else:
            assert reply.status == (200 if key in items else 404)
            if method == "PATCH" and key in items:
                items[key] = 9
            if method == "DELETE":
                items.pop(key, None)
    own = {key: number for key, number in items.items() if key.startswith(prefix)}
    assert items_of(closed.send("GET", "/picus/list", **team)) == own
    assert {item["object_id"]: item["n"] for item in pages(closed, "limit=1", team)} == own
    filtered = closed.send("GET", "/picus/list?filter=n = 1 OR n = 9", **team)
    assert items_of(filtered) == {key: number for key, number in own.items() if number in (1, 9)}
    assert items_of(closed.send("GET", "/picus/list", **everyone)) == items


def test_cursor_belongs_to_its_prefix_and_hides_keys(
    closed: Computes, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    fill({f"{prefix}{number}": number for prefix in ("a/", "secret/") for number in range(6)})
    team, again, other, everyone = (bearer(new(prefix=prefix)) for prefix in ("a/", "a/", "secret/", ""))
    # A page that ends without items: DynamoDB stopped at an item outside of the prefix.
    settings.SEARCH_SECONDS = -1
    monkeypatch.setattr(pagination, "_FIRST_STEP", 1)
    cursors: set[str] = set()
    path, found = "/picus/list?limit=1", []
    while path:
        reply = closed.send("GET", path, **team)
        found += [item["object_id"] for item in reply.json]
        path = reply.headers["Link"].partition(">")[0][1:] if "Link" in reply.headers else ""
        if path:
            cursors.add(path.rpartition("cursor=")[2])
    assert sorted(found) == [f"a/{number}" for number in range(6)]
    assert len(cursors) > 6
    for cursor in cursors:
        assert b"secret" not in urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        for fields in (again, other, everyone):
            reply = closed.send("GET", f"/picus/list?limit=1&cursor={cursor}", **fields)
            assert (reply.status, reply.json["code"]) == (400, "invalid_parameter")
    link = closed.send("GET", "/picus/list?limit=1", **everyone).headers["Link"]
    assert closed.send("GET", link.partition(">")[0][1:], **team).status == 400


def test_idempotency_key_is_not_shared_between_tokens(closed: Computes) -> None:
    key = {"Idempotency_Key": '"k"'}
    one, two, team = bearer(new()), bearer(new()), bearer(new(prefix="a/"))
    first = closed.send("POST", "/picus/put", '{"n": 1}', **one, **key).json
    assert closed.send("POST", "/picus/put", '{"n": 1}', **one, **key).json == first
    assert closed.send("POST", "/picus/put", '{"n": 1}', **two, **key).json != first
    assert closed.send("POST", "/picus/put", '{"n": 2}', **team, **key).json["object_id"].startswith("a/")
    assert closed.send("POST", "/picus/put", '{"n": 3}', **one, **key).status == 422


def test_lists_by_key_and_counts_stay_in_prefix(closed: Computes) -> None:
    fill({f"{prefix}{number}": number for prefix in ("a/", "secret/") for number in range(3)})
    team = bearer(new(prefix="a/"))

    def listed(query: str, **fields: str) -> Reply:
        return closed.send("GET", f"/picus/list?{query}", **team, **fields)

    assert listed('filter=object_id = "secret/1"').json == []
    assert items_of(listed('filter=object_id = "a/1"')) == {"a/1": 1}
    assert listed('filter=object_id >= "secret/"').json == []
    assert items_of(listed("key=a%2F1&key=a%2Fabsent")) == {"a/1": 1}
    refused = listed("key=a%2F1&key=secret%2F1")
    assert (refused.status, refused.json["code"]) == (403, "insufficient_scope")
    assert listed("fields=n", Prefer="count=exact").headers["Picus-Total-Count"] == "3"
    assert "Picus-Total-Count" not in listed("fields=n", Prefer="count=estimated").headers
