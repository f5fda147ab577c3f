"""The WSGI application behind Zappa's handler: Picus's own delete function, which PICUS_HANDLER names."""

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

_module, _, _name = os.environ["PICUS_HANDLER"].rpartition(".")
_handler = getattr(import_module(_module), _name)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    event = {"httpMethod": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "headers": {}, "requestContext": {}}
    response = _handler(event, None)
    start_response(f"{response['statusCode']} -", list(response["headers"].items()))
    return [response["body"].encode()]
