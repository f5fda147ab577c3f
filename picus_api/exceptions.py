"""Every error in one shape: ``{"error": sentence}``, with ``pointer`` where one value is at fault."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response
from rest_framework.views import exception_handler

from picus_api.core import messages
from picus_api.core.contention import Contended
from picus_api.core.errors import BadLine, BadParameter, BadValue
from picus_api.core.idempotency import KeyReused, RecordsMissing
from picus_api.core.preconditions import PreconditionFailed
from picus_api.core.table import ItemConflict, ItemNotFound, ItemTooLarge, TableThrottled, TableUnavailable
from picus_api.indented import indented

_log = logging.getLogger("picus.errors")


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: the answer to an expected error, None for a bug (which Django logs and answers)."""
    response = _answer_to(error, context)
    # An error is JSON whatever was asked for.
    renderer = getattr(context.get("request"), "accepted_renderer", None)
    if response is not None and renderer is not None and renderer.format in ("ndjson", "yaml"):
        response.content_type = "application/json"
    return response


def _answer_to(error: Exception, context: dict[str, Any]) -> Response | None:
    match error:
        case BadLine():
            return Response(messages.line_error(error.line, error.message, error.pointer), status=error.status)
        case BadParameter():
            return Response(messages.parameter_error(error.message, error.parameter, error.position), status=400)
        case BadValue():
            return Response(messages.error(error.message, error.pointer), status=400)
        case ItemNotFound():
            return Response(messages.error(messages.not_found(error.key)), status=404)
        case PreconditionFailed():
            return Response(messages.error(error.sentence), status=412)
        case Contended():
            return Response(messages.error(error.sentence), status=409, headers={"Retry-After": str(error.retry_after)})
        case KeyReused():
            return Response(messages.error(messages.KEY_REUSED), status=422)
        case ItemConflict():
            return Response(messages.error("An item with this key is there already."), status=409)
        case ItemTooLarge():
            return Response(messages.error(messages.ITEM_TOO_LARGE), status=413)
        case TableThrottled():
            _log.warning("DynamoDB throttles", extra={"cause": error.cause})
            return Response(messages.error(messages.BUSY), status=503, headers={"Retry-After": str(error.retry_after)})
        case TableUnavailable():
            _log.error("DynamoDB is unavailable", extra={"cause": error.cause})
            sentence = messages.NO_RECORDS if isinstance(error, RecordsMissing) else messages.UNAVAILABLE
            return Response(messages.error(sentence), status=503)
        case APIException():
            return _in_shape(error, context)
    return None


def _in_shape(error: APIException, context: dict[str, Any]) -> Response | None:
    response = exception_handler(error, context)
    if response is not None:
        sentence = messages.NO_SUCH_PATH if isinstance(error, NotFound) else str(error.detail)
        response.data = messages.error(sentence)
    return response


def _answer(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(messages.encode(messages.error(sentence)), status=status, content_type="application/json")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what it refuses before a view is reached, a foreign Host above all."""
    return _answer(400, "The request is refused: its Host header or its form is not acceptable.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: a page for who asks for one before anything else, as browsers do."""
    answer = _answer(404, messages.NO_SUCH_PATH)
    return _page(request, answer, messages.NO_SUCH_PATH) if _is_for_a_browser(request) else answer


def _is_for_a_browser(request: HttpRequest) -> bool:
    raw = "format=json" in request.META.get("QUERY_STRING", "").split("&")
    return not raw and request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def _page(request: HttpRequest, answer: HttpResponse, sentence: str) -> HttpResponse:
    """The same answer as the browsable API shows its errors."""
    context = {
        "heading": answer.reason_phrase,
        "part": "picus_api/answer.html",
        "is_error": True,
        "response": answer,
        "data": messages.error(sentence),
        "text": indented(answer.content.decode()),
    }
    page = render(request, "picus_api/page.html", context, status=answer.status_code)
    page["Vary"] = "Accept"
    return page


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500. The traceback is in the log, under the request's id."""
    return _answer(500, messages.INTERNAL)
