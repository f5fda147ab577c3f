"""Middleware: the id and log line of a request, and the rules of all requests."""

import io
import time
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from dockerflow.django import views as dockerflow_views
from whitenoise.middleware import WhiteNoiseMiddleware

from picus_api import health
from picus_api.authentication import ACCESS, ITEM_KEY, caller
from picus_api.capacity_middleware import consumed_capacity
from picus_api.compression import compress
from picus_api.core import logs, metrics
from picus_api.core.errors import (
    BodyTimeout,
    IncompleteBody,
    MalformedRequest,
    MethodNotAllowed,
    PathNotFound,
    RangeNotSatisfiable,
)
from picus_api.core.keys import has_dot_segment, key_field
from picus_api.core.request_target import InvalidRequestTarget, parse_request_target
from picus_api.exceptions import error_response
from picus_api.request_body import BODY_ERROR, is_chunked, is_ndjson, limit_time

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_ITEM_PATHS = ("/picus/get/", "/picus/put/")
MAX_KNOWN_HOSTS = 64
"""Values of Host that are not checked again."""


def request_log(get_response: GetResponse) -> GetResponse:
    """Write one log line for each request when its headers are ready, and return the id of the request."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        # META, because request.headers is built anew for every request, which takes measurable time.
        identifier = logs.choose_request_id(request.META.get("HTTP_X_AMZ_CF_ID"), request.META.get("HTTP_X_REQUEST_ID"))
        token = logs.request_id.set(identifier)
        tracing = logs.trace.set(_trace(request))
        counts = metrics.start()
        method = str(request.method)
        try:
            response = _respond(request, get_response)
            response["X-Request-Id"] = identifier
            line = _line(request, method, response, started)
            logs.log_request(line | metrics.line_fields(counts, "service", response.status_code))
        finally:
            logs.request_id.reset(token)
            logs.trace.reset(tracing)
        return response

    return middleware


def _trace(request: HttpRequest) -> dict[str, str]:
    return logs.trace_fields(request.META.get("HTTP_X_AMZN_TRACE_ID"), request.META.get("HTTP_TRACEPARENT"))


def _respond(request: HttpRequest, get_response: GetResponse) -> HttpResponseBase:
    try:
        target = parse_request_target(request.META.get("RAW_URI") or request.get_full_path())
    except InvalidRequestTarget as error:
        return error_response(MalformedRequest(str(error)))
    if target.form == "asterisk":
        # About the server as a whole (RFC 9110, section 9.3.7). The server accepts "*" for OPTIONS only.
        return HttpResponse(headers={"Allow": "GET, HEAD, OPTIONS, PATCH, POST, PUT", "Content-Length": "0"})
    if has_dot_segment(target.route_path):
        return error_response(PathNotFound())
    # Routes match the path as it was sent, so that an encoded slash never separates segments.
    request.path = request.path_info = target.route_path
    is_head = request.method == "HEAD"
    if is_head:
        # HEAD has the header fields of GET (RFC 9110, section 9.3.2): so all code below sees GET.
        request.method = "GET"
    response = get_response(request)
    if response.status_code in (405, 416):
        response = _in_error_shape(request, response)
    compress(request, response)
    if isinstance(response, HttpResponse) and response.status_code != 304:
        response.headers.setdefault("Content-Length", str(len(response.content)))
    if is_head:
        _drop_body(response)
    access = request.META.get(ACCESS)
    if access is not None and access.has_token:
        response["Cache-Control"] = "no-store"
    else:
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _drop_body(response: HttpResponseBase) -> None:
    if isinstance(response, StreamingHttpResponse):
        pieces, response.streaming_content = response.streaming_content, ()
        if hasattr(pieces, "close"):
            pieces.close()
    elif isinstance(response, HttpResponse):
        response.content = b""


def _in_error_shape(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Give a 405 or 416 without a body, such as WhiteNoise's, the body that every error has."""
    if isinstance(response, HttpResponse) and response.content:
        return response
    if response.status_code == 416:
        error = error_response(RangeNotSatisfiable())
        error["Content-Range"] = response.headers.get("Content-Range", "bytes */*")
        return error
    error = error_response(MethodNotAllowed(str(request.method)))
    error["Allow"] = response.headers.get("Allow", "GET, HEAD")
    return error


def _line(request: HttpRequest, method: str, response: HttpResponseBase, started: float) -> dict[str, object]:
    return {
        "request_id": logs.request_id.get(),
        "method": method,
        "path": request.path_info,
        "status": response.status_code,
        "duration_ms": round((time.perf_counter() - started) * 1000, 2),
        **_key_field(request),
        **caller(request.META),
    }


def _key_field(request: HttpRequest) -> dict[str, str]:
    """Return the key of the request's item, from the view or, if none has read it, from the path."""
    if ITEM_KEY in request.META:
        return {"key": request.META[ITEM_KEY]}
    path = request.path_info
    return key_field(path[len(_ITEM_PATHS[0]) :]) if path.startswith(_ITEM_PATHS) else {}


_HEALTH: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/__version__": dockerflow_views.version,
    "/__heartbeat__": health.heartbeat,
    "/__lbheartbeat__": dockerflow_views.lbheartbeat,
}


def request_rules(get_response: GetResponse) -> GetResponse:
    """Apply what every request needs: health endpoints, static files, Host, chunked bodies, security headers.

    One middleware, because Django wraps each in one more function, which takes measurable time.
    """
    serve = check_host(chunked_body(consumed_capacity(get_response)))
    # A static file is served before the check of the Host.
    serve_static = static_conditions(WhiteNoiseMiddleware(serve))
    static_prefix = settings.STATIC_URL
    page_headers = {
        "Content-Security-Policy": settings.CONTENT_SECURITY_POLICY,
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith("/__") and (view := _HEALTH.get(path.removesuffix("/"))):
            return _health_response(request, view)
        response = serve_static(request) if path.startswith(static_prefix) else serve(request)
        response["X-Content-Type-Options"] = "nosniff"
        if response.headers.get("Content-Type", "").startswith("text/html"):
            for name, value in page_headers.items():
                response[name] = value
        return response

    return middleware


def _health_response(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Serve one of Dockerflow's endpoints before the check of the Host: the load balancer sends an IP address.

    Dockerflow's own middleware would serve ``__error__`` too, with which any client could raise an alarm.
    """
    if request.method in ("GET", "HEAD"):
        return view(request)
    return HttpResponse(status=200 if request.method == "OPTIONS" else 405, headers={"Allow": "GET, HEAD, OPTIONS"})


def check_host(get_response: GetResponse) -> GetResponse:
    """Refuse a foreign Host. Django checks the Host only where code asks for it."""
    known: set[str] = set()

    def middleware(request: HttpRequest) -> HttpResponseBase:
        host = request.META.get("HTTP_HOST")
        if host not in known:
            try:
                request.get_host()
            except DisallowedHost as error:
                return response_for_exception(request, error)
            # ALLOWED_HOSTS can have wildcards: clients must not make this set grow.
            if host is not None and len(known) < MAX_KNOWN_HOSTS:
                known.add(host)
        return get_response(request)

    return middleware


def chunked_body(get_response: GetResponse) -> GetResponse:
    """Give a chunked body a length.

    Under WSGI, Django and DRF ignore a body without Content-Length. So a chunked body is read here, up to one byte over
    the limit. NDJSON is left to its view, which reads the lines as they arrive.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_chunked(request) and is_ndjson(request):
            request.META["CONTENT_LENGTH"] = "1"
        elif is_chunked(request):
            _read_chunks(request)
        return get_response(request)

    return middleware


def _read_chunks(request: HttpRequest) -> None:
    try:
        with limit_time(request, settings.BODY_SECONDS):
            body = request.META["wsgi.input"].read(settings.MAX_BODY_BYTES + 1)
        length = len(body)
    except TimeoutError:
        request.META[BODY_ERROR] = BodyTimeout()
        body, length = b"", 1
    except Exception:  # Broken off or malformed: the server's own error types.
        request.META[BODY_ERROR] = IncompleteBody()
        body, length = b"", 1
    request.META["wsgi.input"] = io.BytesIO(body)
    request.META["CONTENT_LENGTH"] = str(length)


def static_conditions(get_response: GetResponse) -> GetResponse:
    """Apply If-None-Match in all its forms to static files: WhiteNoise compares whole fields only."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        tag = response.headers.get("ETag")
        if not tag or response.status_code != 200 or "HTTP_IF_NONE_MATCH" not in request.META:
            return response
        return get_conditional_response(request, tag, None, cast(HttpResponse, response)) or response

    return middleware
