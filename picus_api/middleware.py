"""Around every request: its id and its log line, the health endpoints, and bodies without a length."""

import io
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from dockerflow.django import views as dockerflow_views

from picus_api import health
from picus_api.body import BODY_ERROR, BodyIncomplete, BodyTimeout, is_chunked, is_ndjson, limit_waiting
from picus_api.core import logs, messages
from picus_api.raw_path import raw_path

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def request_log(get_response: GetResponse) -> GetResponse:
    """One log line a request, when its headers are ready; the request's id goes back to the client."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        # META, not request.headers, which is built anew for every request at a cost that shows.
        identifier = logs.choose_request_id(request.META.get("HTTP_X_AMZ_CF_ID"), request.META.get("HTTP_X_REQUEST_ID"))
        token = logs.request_id.set(identifier)
        try:
            response = get_response(request)
            if response.status_code == 405:
                response = _in_error_shape(request, response)
            response["X-Request-Id"] = identifier
            if request.method == "HEAD" and isinstance(response, HttpResponse):
                _drop_body(response)
            logs.log_request(_line(request, response, started))
        finally:
            logs.request_id.reset(token)
        return response

    return middleware


def _drop_body(response: HttpResponse) -> None:
    """An answer to HEAD: the headers of GET alone (RFC 9110, section 9.3.2)."""
    if response.content:
        response.headers.setdefault("Content-Length", str(len(response.content)))
    response.content = b""


def _in_error_shape(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A refusal without a body, such as WhiteNoise's, gets the body that every error has."""
    if isinstance(response, HttpResponse) and response.content:
        return response
    body = messages.encode(messages.error(messages.method_not_allowed(str(request.method))))
    headers = {"Allow": response.headers.get("Allow", "GET, HEAD"), "Content-Type": "application/json"}
    return HttpResponse(body, status=405, headers=headers)


def _line(request: HttpRequest, response: HttpResponseBase, started: float) -> dict[str, object]:
    return {
        "request_id": logs.request_id.get(),
        "method": request.method,
        "path": raw_path(request),
        "status": response.status_code,
        "duration_ms": round((time.perf_counter() - started) * 1000, 2),
    }


_HEALTH: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/__version__": dockerflow_views.version,
    "/__heartbeat__": health.heartbeat,
    "/__lbheartbeat__": dockerflow_views.lbheartbeat,
}


def health_endpoints(get_response: GetResponse) -> GetResponse:
    """Dockerflow's endpoints, ahead of the host check: the load balancer asks by IP address.

    Instead of Dockerflow's own middleware, which also serves ``__error__``, with which anybody raises an alarm.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "*":
            # OPTIONS for the server as a whole (RFC 9110, section 9.3.7). The server accepts "*" for OPTIONS only.
            return HttpResponse(headers={"Allow": "GET, HEAD, OPTIONS, PATCH, POST, PUT", "Content-Length": "0"})
        view = _HEALTH.get(request.path_info.removesuffix("/"))
        if view is None:
            return get_response(request)
        if request.method in ("GET", "HEAD"):
            return view(request)
        return HttpResponse(status=200 if request.method == "OPTIONS" else 405, headers={"Allow": "GET, HEAD, OPTIONS"})

    return middleware


def chunked_body(get_response: GetResponse) -> GetResponse:
    """Give a chunked body a length.

    Under WSGI a body without Content-Length is no body to Django and DRF, so a chunked one is read here, up to one
    byte over the limit. Lines are left to their view, which reads them as they come.
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
        with limit_waiting(request, settings.BODY_SECONDS):
            body = request.META["wsgi.input"].read(settings.MAX_BODY_BYTES + 1)
        length = len(body)
    except TimeoutError:
        request.META[BODY_ERROR] = BodyTimeout()
        body, length = b"", 1
    except Exception:  # Broken off or malformed: the server's own error types.
        request.META[BODY_ERROR] = BodyIncomplete()
        body, length = b"", 1
    request.META["wsgi.input"] = io.BytesIO(body)
    request.META["CONTENT_LENGTH"] = str(length)


def browser_rules(get_response: GetResponse) -> GetResponse:
    """Nothing is taken for another type; pages load nothing from elsewhere, and nobody frames or follows them.

    Django's own middlewares for it say all of that on every answer, at a cost that shows.
    """
    page = {
        "Content-Security-Policy": settings.CONTENT_SECURITY_POLICY,
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["X-Content-Type-Options"] = "nosniff"
        if response.headers.get("Content-Type", "").startswith("text/html"):
            for name, value in page.items():
                response[name] = value
        return response

    return middleware
