"""Read the items of many keys by BatchGetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from picus_api.core.dynamodb import table
from picus_api.core.dynamodb.backoff import Backoff
from picus_api.core.errors import TableThrottled
from picus_api.core.expiry import is_expired, ttl_attribute
from picus_api.core.keys import KEY, is_possible_key
from picus_api.core.query.expressions import Placeholders
from picus_api.core.query.pagination import Page, next_limit
from picus_api.core.query.projection import Fields
from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.codec import decode
from picus_api.core.values.version_attribute import remove_version

MAX_KEYS = 100
"""DynamoDB's limit, and the one of a request."""
NO_PROGRESS_SECONDS = 6.0
"""How long a request waits while DynamoDB returns none of its items."""

# Items may have 400 KB: the first request shows how large these are, before as many are read as fit into a page.
_FIRST_KEYS = 10


def read_keys(keys: Iterable[str], fields: Fields | None = None, as_stored: bool = False) -> Iterator[Page]:
    """Yield the items of these keys in this order, page by page.

    A missing item is left out, and a repeated key counts once. ``as_stored``: keep the version attribute, for ETags.
    Raises TableUnavailable, and TableThrottled if DynamoDB returns nothing for NO_PROGRESS_SECONDS.
    """
    left = [key for key in dict.fromkeys(keys) if is_possible_key(key)]
    count = _FIRST_KEYS
    while True:
        batch, left = left[:count], left[count:]
        items, size = _read(batch, fields) if batch else ([], 0)
        if not as_stored:
            items = [_visible(item, fields) for item in items]
        page = Page(items, {KEY: {"S": batch[-1]}} if left else None, size)
        count = min(MAX_KEYS, next_limit(len(items), size))
        yield page
        if not left:
            return


def _read(keys: Sequence[str], fields: Fields | None) -> tuple[list[AttributeMap], int]:
    """Return the items as stored, in the order of their keys, and the bytes of DynamoDB's responses."""
    found: dict[str, AttributeMap] = {}
    size, backoff, left = 0, _new_backoff(), [{KEY: {"S": key}} for key in keys]
    parameters = _parameters(fields)
    while left:
        body = table.send("BatchGetItem", {"RequestItems": {table.table_name(): {"Keys": left, **parameters}}}).body
        response = decode(body)
        items = response.get("Responses", {}).get(table.table_name(), [])
        found |= {item[KEY]["S"]: item for item in items}
        size += len(body)
        left = response.get("UnprocessedKeys", {}).get(table.table_name(), {}).get("Keys", [])
        if items:
            backoff = _new_backoff()
        if left and not backoff.wait():
            raise TableThrottled
    return [found[key] for key in keys if key in found and not is_expired(found[key])], size


def _new_backoff() -> Backoff:
    return Backoff(0.05, 1.0, time.monotonic() + NO_PROGRESS_SECONDS)


def _parameters(fields: Fields | None) -> dict[str, Any]:
    placeholders = Placeholders()
    # Unlike a list, a batch has no filter: the time of expiry must come with the item.
    needed = filter(None, [ttl_attribute()])
    projection = {} if fields is None else {"ProjectionExpression": fields.expression(placeholders, *needed)}
    return {"ConsistentRead": True, **projection, **placeholders.parameters()}


def _visible(item: AttributeMap, fields: Fields | None) -> AttributeMap:
    remove_version(item)
    return item if fields is None else fields.select(item)
