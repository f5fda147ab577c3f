"""Conditional requests (RFC 9110, section 13), in Django's terms."""

from django.http import HttpResponseNotModified
from rest_framework.request import Request

from picus_api.core.preconditions import Preconditions, preconditions


def request_preconditions(request: Request) -> Preconditions | None:
    """What the request asks for, None for nothing. Raises BadValue."""
    return preconditions(request.META.get("HTTP_IF_MATCH"), request.META.get("HTTP_IF_NONE_MATCH"))


def not_modified(tag: str, text: bytes) -> HttpResponseNotModified:
    """The 304 in place of this text. Its length, if any, must be that of the 200 (RFC 9110, section 8.6)."""
    return HttpResponseNotModified(headers={"ETag": tag, "Content-Length": str(len(text))})
