"""Picus's own delete function behind Zappa's handler, which calls WSGI applications only."""

from collections.abc import Callable, Iterable
from typing import Any

from delete_fn.app import handler


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    response = handler({"httpMethod": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"]}, None)
    start_response(f"{response['statusCode']} -", list(response["headers"].items()))
    return [response["body"].encode()]
