"""The WSGI application behind Zappa's handler: Picus's own delete function, or a delete by PynamoDB as it comes."""

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

if "PICUS_HANDLER" in os.environ:
    module, _, name = os.environ["PICUS_HANDLER"].rpartition(".")
    handler = getattr(import_module(module), name)

    def delete(method: str, path: str) -> tuple[int, dict[str, str], str]:
        response = handler({"httpMethod": method, "path": path, "headers": {}, "requestContext": {}}, None)
        return response["statusCode"], response["headers"], response["body"]

else:
    from pynamodb.attributes import UnicodeAttribute
    from pynamodb.exceptions import DeleteError
    from pynamodb.models import Model

    class Item(Model):
        class Meta:
            table_name = os.environ["DYNAMODB_TABLE_NAME"]
            host = os.environ["DYNAMODB_ENDPOINT_URL"]

        object_id = UnicodeAttribute(hash_key=True)

    def delete(method: str, path: str) -> tuple[int, dict[str, str], str]:
        try:
            Item(path.removeprefix("/picus/")).delete(Item.object_id.exists())
        except DeleteError:
            return 404, {"Content-Type": "application/json"}, "{}"
        return 200, {"Content-Type": "application/json"}, "{}"


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    status, headers, body = delete(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    start_response(f"{status} -", list(headers.items()))
    return [body.encode()]
