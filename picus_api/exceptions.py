"""Render the error table (core/errors.py) as HTTP responses, for DRF and for Django."""

import logging
from typing import Any

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import exception_handler

from picus_api.core import errors
from picus_api.core.errors import PicusError
from picus_api.core.response_body import encode_json
from picus_api.pretty_json import indent_json

_log = logging.getLogger("picus.errors")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response to an expected error; None for a bug, which Django logs and responds to.

    This is DRF's EXCEPTION_HANDLER.
    """
    if isinstance(error, drf.APIException):
        response = _drf_response(error, context)
    elif isinstance(error, PicusError):
        log_error(error)
        response = Response(error.body(), error.status, headers=error.headers())
    else:
        return None
    # An error is JSON for every Accept field.
    renderer = getattr(context.get("request"), "accepted_renderer", None)
    if response is not None and renderer is not None and renderer.format in ("csv", "ndjson", "yaml"):
        response.content_type = "application/json"
    return response


def _drf_response(error: drf.APIException, context: dict[str, Any]) -> Response | None:
    """Return DRF's response, which has header fields such as Allow, with the body of our own error."""
    response = exception_handler(error, context)
    if response is not None:
        response.data = _domain_error(error, context["request"].method).body()
    return response


def _domain_error(error: drf.APIException, method: str) -> PicusError:
    sentence = str(error.detail)
    match error:
        case drf.NotFound():
            return errors.PathNotFound()
        case drf.MethodNotAllowed():
            return errors.MethodNotAllowed(method)
        case drf.NotAcceptable():
            return errors.NotAcceptable(sentence)
        case _ if error.status_code < 500:
            return errors.BadRequest(sentence)
    return errors.InternalError()


def error_response(error: PicusError) -> HttpResponse:
    """Return the JSON response to an error."""
    headers = error.headers() | {"Content-Type": "application/json"}
    return HttpResponse(encode_json(error.body()), status=error.status, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to a request that Django refuses before a view is reached, such as a foreign Host (handler400)."""
    if isinstance(exception, TooManyFieldsSent):
        return error_response(errors.BadRequest("The query has too many parameters."))
    return error_response(errors.BadRequest())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Respond to an unknown path: with a page if the client prefers HTML, as browsers do (handler404)."""
    return respond_to(request, errors.PathNotFound())


def respond_to(request: HttpRequest, error: PicusError) -> HttpResponse:
    """Return the response to an error outside of DRF: a page if the client prefers HTML, else JSON."""
    log_error(error)
    response = error_response(error)
    return _error_page(request, error, response) if _prefers_html(request) else response


def log_error(error: PicusError) -> None:
    """Write a log line with the cause, if the operator must hear of this error."""
    error.log(_log)


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond to a bug; the traceback is in the log, under the id of the request (handler500)."""
    return error_response(errors.InternalError())


def _prefers_html(request: HttpRequest) -> bool:
    wants_json = "format=json" in request.META.get("QUERY_STRING", "").split("&")
    return not wants_json and request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def _error_page(request: HttpRequest, error: PicusError, response: HttpResponse) -> HttpResponse:
    """Return the error as a page."""
    context = {
        "heading": response.reason_phrase,
        "part": "picus_api/response.html",
        "is_error": True,
        "response": response,
        "data": error.body(),
        "text": indent_json(response.content.decode()),
    }
    page = render(request, "picus_api/page.html", context, status=response.status_code)
    for name, value in (error.headers() | {"Vary": "Accept"}).items():
        page[name] = value
    return page
