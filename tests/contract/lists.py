"""Shared helpers for the tests of list queries: pages, filters, fields and NDJSON."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import uuid4

from tests.contract.client import Client
from tests.contract.exact import Json, Response, parse_exact
from tests.contract.expect import assert_json

NEXT = re.compile(r'<([^>]+)>; rel="next"')
NDJSON = {"Accept": "application/x-ndjson"}


def target(**parameters: object) -> str:
    """Return the path of the list with a query, percent-encoded."""
    return f"/picus/list?{urlencode(parameters)}"


def next_target(response: Response) -> str | None:
    """Return the path of the next page, or None."""
    link = response.header("Link")
    if link is None:
        return None
    match = NEXT.fullmatch(link)
    assert match, link
    return match[1]


def items_of(response: Response) -> list[dict[str, Json]]:
    """Return the items of a response, which must be a JSON array of objects."""
    items = assert_json(response)
    assert isinstance(items, list)
    objects = [item for item in items if isinstance(item, dict)]
    assert len(objects) == len(items)
    return objects


def lines_of(response: Response) -> list[dict[str, Json]]:
    """Return the objects of a response, which must be NDJSON: each line has an end, and none is empty."""
    assert response.media_type == "application/x-ndjson", response
    assert response.body == b"" or response.body.endswith(b"\n")
    objects = [parse_exact(line) for line in response.body.split(b"\n")[:-1]]
    return [item for item in objects if isinstance(item, dict)]


def pages(client: Client, **parameters: object) -> Iterator[list[dict[str, Json]]]:
    """Yield the items of each page, following the links from the first page on."""
    path: str | None = target(**parameters)
    while path:
        response = client.request("GET", path)
        yield items_of(response)
        path = next_target(response)


def marked(client: Client, *bodies: str) -> tuple[str, list[str]]:
    """Store objects, given without braces, with a unique mark. Return the filter of the mark, and the keys."""
    mark = uuid4().hex
    keys = [client.store(f'{{"mark": "{mark}"{", " + body if body else ""}}}') for body in bodies]
    return f'mark = "{mark}"', keys
