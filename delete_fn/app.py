"""The delete function: an event of API Gateway's REST proxy integration in, its response out.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
No Django, no DRF, no boto3: what this imports is what the package contains.
"""

import logging
import time
from typing import Any

from picus_api.core import capacity, cors, environment, logs, messages, table, writes
from picus_api.core.errors import BadValue
from picus_api.core.paths import key_from_path
from picus_api.core.preconditions import PreconditionFailed, preconditions
from picus_api.core.table import ItemNotFound, TableThrottled, TableUnavailable

PREFIX = "/picus/"
ALLOW = {"Allow": "DELETE, OPTIONS"}

ORIGINS = environment.origins("CORS_ALLOWED_ORIGINS")

logs.write_json(environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")))
_log = logging.getLogger("picus.request")

# During the function's initialisation, which has more CPU than an invocation and is not repeated by it.
try:
    table.connect()
except TableUnavailable as error:
    _log.error("no connection to DynamoDB yet", extra={"cause": error.cause})

Response = dict[str, Any]

# As the service answers it.
PREFLIGHT: Response = {
    "statusCode": 200,
    "headers": {"Content-Type": "text/html; charset=utf-8"},
    "body": "",
    "isBase64Encoded": False,
}


def handler(event: dict[str, Any], context: object) -> Response:
    """Answer one event. Never raises: API Gateway would show the client a Python repr."""
    started = time.perf_counter()
    headers = _headers(event)
    logs.request_id.set(logs.choose_request_id(headers.get("x-amz-cf-id"), headers.get("x-request-id")))
    method, path = str(event.get("httpMethod")), str(event.get("path"))
    try:
        preflight = ORIGINS and cors.is_preflight(method, headers)
        response = PREFLIGHT if preflight else _metered_answer(method, path, headers)
    except Exception:
        _log.exception("unhandled")
        response = _response(500, messages.error(messages.INTERNAL))
    added = {**cors.headers(ORIGINS, method, headers), "X-Request-Id": logs.request_id.get()}
    response = {**response, "headers": response["headers"] | added}
    _log.info("request", extra=_line(method, path, response, started))
    return response


def _headers(event: dict[str, Any]) -> dict[str, str]:
    """The headers by lower-case name; what came in several lines is one list."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    several = event.get("multiValueHeaders") or {}
    return headers | {name.lower(): ", ".join(values) for name, values in several.items()}


def _metered_answer(method: str, path: str, headers: dict[str, str]) -> Response:
    if not capacity.is_wanted(headers.get("prefer")):
        return _answer(method, path, headers)
    with capacity.measured() as meter:
        response = _answer(method, path, headers)
    return {**response, "headers": response["headers"] | capacity.report(meter)}


def _answer(method: str, path: str, headers: dict[str, str]) -> Response:
    try:
        key = key_from_path(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else ""
    except BadValue as error:
        return _response(400, messages.error(error.message))
    if not key:
        return _response(404, messages.error(messages.NO_SUCH_PATH))
    if method == "OPTIONS":
        return _response(200, {"name": "Delete an item"}, ALLOW)
    if method != "DELETE":
        return _response(405, messages.error(messages.method_not_allowed(method)), ALLOW)
    return _delete(key, headers)


def _delete(key: str, headers: dict[str, str]) -> Response:
    try:
        wanted = preconditions(headers.get("if-match"), headers.get("if-none-match"))
        if wanted is None:
            table.remove(key)
        else:
            writes.remove(key, wanted)
    except BadValue as error:
        return _response(400, messages.error(error.message))
    except PreconditionFailed as error:
        return _response(412, messages.error(error.sentence))
    except ItemNotFound:
        return _response(404, messages.error(messages.not_found(key)))
    except TableThrottled as error:
        _log.warning("DynamoDB throttles", extra={"cause": error.cause})
        return _response(503, messages.error(messages.BUSY), {"Retry-After": str(error.retry_after)})
    except TableUnavailable as error:
        _log.error("DynamoDB is unavailable", extra={"cause": error.cause})
        return _response(503, messages.error(messages.UNAVAILABLE))
    return _response(200, messages.deleted(key))


def _response(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "body": messages.encode(body).decode(),
        "isBase64Encoded": False,
    }


def _line(method: str, path: str, response: Response, started: float) -> dict[str, object]:
    return {
        "method": method,
        "path": path,
        "status": response["statusCode"],
        "duration_ms": round((time.perf_counter() - started) * 1000, 2),
    }
