"""A delete by PynamoDB as it comes, behind Zappa's handler, which calls WSGI applications only."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import DeleteError
from pynamodb.models import Model


class Item(Model):
    class Meta:
        table_name = os.environ["DYNAMODB_TABLE_NAME"]
        host = os.environ["DYNAMODB_ENDPOINT_URL"]

    object_id = UnicodeAttribute(hash_key=True)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    status = "200 OK"
    try:
        Item(environ["PATH_INFO"].removeprefix("/picus/")).delete(Item.object_id.exists())
    except DeleteError:
        status = "404 Not Found"
    start_response(status, [("Content-Type", "application/json")])
    return [b"{}"]
