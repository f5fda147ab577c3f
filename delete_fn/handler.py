"""The delete function: it takes an event of API Gateway's REST proxy integration and returns the response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
No Django, no DRF, no boto3: the package contains what this module imports.
"""

import logging
import time
from typing import Any

from picus_api.core import audit, capacity, cors, environment, expiry, logs, metrics, store
from picus_api.core.access import access
from picus_api.core.access.access import ANONYMOUS, DELETE, Access, Credentials
from picus_api.core.dynamodb import table
from picus_api.core.errors import (
    InternalError,
    MethodNotAllowed,
    PathNotFound,
    PicusError,
    TableUnavailable,
)
from picus_api.core.keys import has_dot_segment, key_field, key_from_path, normalise_path
from picus_api.core.preconditions import REQUIRED_SETTING, parse_required_preconditions
from picus_api.core.response_body import deleted_body, encode_json

PREFIX = "/picus/"
ALLOW = {"Allow": "DELETE, OPTIONS"}
CORS_ORIGINS = environment.origins("CORS_ALLOWED_ORIGINS")
# A wrong setting fails at the start.
environment.flag(REQUIRED_SETTING)
expiry.check_setting()
access.rules()

logs.write_json(environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")))
_log = logging.getLogger("picus.request")

# Connect while Lambda initialises the function: that phase has more CPU than an invocation, and runs once.
try:
    table.connect()
except TableUnavailable as error:
    _log.error("no connection to DynamoDB yet", extra={"cause": error.cause})

Response = dict[str, Any]


def handler(event: Any, context: object) -> Response:
    """Return the response to one event. Never raises: API Gateway would show the client a Python repr."""
    started = time.perf_counter()
    request = event if isinstance(event, dict) else {}
    headers = _headers(request)
    logs.request_id.set(logs.choose_request_id(headers.get("x-amz-cf-id"), headers.get("x-request-id")))
    logs.trace.set(logs.trace_fields(headers.get("x-amzn-trace-id"), headers.get("traceparent")))
    counts = metrics.start()
    # The path of an event is still percent-encoded.
    method, path = (
        str(request.get("httpMethod")).encode("ascii", "replace").decode(),
        normalise_path(str(request.get("path"))),
    )
    who = _caller(request, headers)
    try:
        if CORS_ORIGINS and cors.is_preflight(method, headers):
            # The response that the service gives, byte for byte.
            response = _response(200, "", {"Content-Type": "text/html; charset=utf-8"})
        else:
            response = _metered_response(method, path, headers, who)
    except Exception:
        _log.exception("unhandled")
        response = _error_response(InternalError())
    response["headers"] |= cors.headers(CORS_ORIGINS, method, headers)
    response["headers"]["X-Request-Id"] = logs.request_id.get()
    duration = round((time.perf_counter() - started) * 1000, 2)
    line = {"method": method, "path": path, "status": response["statusCode"], "duration_ms": duration}
    counted = metrics.line_fields(counts, "function", response["statusCode"])
    _log.info("request", extra=line | who | counted)
    return response


def _caller(event: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """Return the fields of log lines that say who sent the request. ``_route`` adds the key and the token."""
    about = event.get("requestContext")
    identity = about.get("identity") if isinstance(about, dict) else None
    peer = str(identity.get("sourceIp")) if isinstance(identity, dict) else ""
    who = audit.caller("function", headers.get("x-forwarded-for"), peer, headers.get("user-agent"))
    return who | {"token": ANONYMOUS}


def _headers(event: dict[str, Any]) -> dict[str, str]:
    """Return the header fields by lower-case name. Several lines of one field become one list."""
    single, several = event.get("headers"), event.get("multiValueHeaders")
    fields = [*single.items()] if isinstance(single, dict) else []
    if isinstance(several, dict):
        fields += [
            (name, ", ".join(map(str, values)))
            for name, values in several.items()
            if values and isinstance(values, list)
        ]
    return {str(name).lower(): str(value) for name, value in fields if value is not None}


def _metered_response(method: str, path: str, headers: dict[str, str], who: dict[str, Any]) -> Response:
    if not capacity.is_wanted(headers.get("prefer")):
        return _route(method, path, headers, who)
    with capacity.measure() as meter:
        response = _route(method, path, headers, who)
    response["headers"] |= capacity.response_headers(meter, headers.get("prefer"))
    return response


def _route(method: str, path: str, headers: dict[str, str], who: dict[str, Any]) -> Response:
    if not path.startswith(PREFIX) or path in (PREFIX, f"{PREFIX}/") or has_dot_segment(path):
        return _error_response(PathNotFound())
    if method == "OPTIONS":
        return _response(200, encode_json({"name": "Delete an item"}).decode(), ALLOW)
    if method != "DELETE":
        return _error_response(MethodNotAllowed(method))
    client = access.authenticate(
        Credentials(headers.get("authorization"), headers.get("cookie"), headers.get("sec-fetch-site"))
    )
    encoded_key = path.removeprefix(PREFIX)
    who |= client.log_fields() | key_field(encoded_key)
    try:
        response = _delete(client, encoded_key, headers, who)
    except PicusError as error:
        error.log(_log)
        response = _error_response(error)
    if client.has_token:
        response["headers"]["Cache-Control"] = "no-store"
    return response


def _delete(client: Access, encoded_key: str, headers: dict[str, str], who: dict[str, Any]) -> Response:
    """Delete an item if the client may. Raises what the checks and ``store.delete`` raise."""
    client.check_scope(DELETE)
    key = key_from_path(encoded_key)
    client.check_key(DELETE, key)
    preconditions = parse_required_preconditions(headers.get("if-match"), headers.get("if-none-match"))
    etag_before = store.delete(key, preconditions)
    audit.log_change(who, "delete", etag_before=etag_before)
    return _response(200, encode_json(deleted_body(key)).decode())


def _error_response(error: PicusError) -> Response:
    allow = ALLOW if isinstance(error, MethodNotAllowed) else {}
    return _response(error.status, encode_json(error.body()).decode(), error.headers() | allow)


def _response(status: int, body: str, headers: dict[str, str] | None = None) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-cache"} | (headers or {})
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}
