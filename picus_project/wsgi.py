"""The WSGI application that gunicorn serves."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import HttpRequest
from django.utils.log import log_response

from picus_api.core.access import access
from picus_api.core.environment import SettingError, required
from picus_project.telemetry import instrumented

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "picus_project.settings")


MAX_FIELD_LENGTH = 1024
"""Longest Content-Type and Accept that are read: Django takes quadratic time for their parameters."""


def _limit_fields(environ: dict[str, Any]) -> None:
    """Replace a Content-Type that is too long by one that no path takes, and ignore an Accept that is too long."""
    if len(environ.get("CONTENT_TYPE", "")) > MAX_FIELD_LENGTH:
        environ["CONTENT_TYPE"] = "application/x-too-long"
    if len(environ.get("HTTP_ACCEPT", "")) > MAX_FIELD_LENGTH:
        del environ["HTTP_ACCEPT"]


class Handler(WSGIHandler):
    """Django's WSGI handler without the settings of a thread that no code of Picus changes.

    Those are the prefix of the script, the URLconf and the signal of a new request, to which nothing is connected.
    """

    _middleware_chain: Callable[[HttpRequest], Any]

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Any:
        """Respond to a WSGI request (PEP 3333)."""
        _limit_fields(environ)
        response = self.get_response(WSGIRequest(environ))
        cookies = [("Set-Cookie", cookie.output(header="")) for cookie in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        file = getattr(response, "file_to_stream", None)
        if file is None:
            return response
        file.close = response.close
        return environ["wsgi.file_wrapper"](file, response.block_size)

    def get_response(self, request: HttpRequest) -> Any:
        """Return the response of the middleware and the view."""
        response = self._middleware_chain(request)
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return response


try:
    required("DYNAMODB_TABLE_NAME")
    access.rules()
    django.setup(set_prefix=False)
    application = instrumented(Handler())
    # Without a database, a cache and another URLconf there is nothing to reset at the end of a request.
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    request_finished.disconnect(reset_urlconf)
    # Import views and DRF before workers are forked, instead of in the first request.
    import_module(settings.ROOT_URLCONF)
except SettingError as error:
    sys.exit(f"picus: {error}")
