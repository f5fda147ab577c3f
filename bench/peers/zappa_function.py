"""Picus's own delete function behind Zappa's handler, which calls WSGI applications only."""

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

module, _, name = os.environ["PICUS_HANDLER"].rpartition(".")
handler = getattr(import_module(module), name)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    event = {"httpMethod": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "headers": {}, "requestContext": {}}
    response = handler(event, None)
    start_response(f"{response['statusCode']} -", list(response["headers"].items()))
    return [response["body"].encode()]
