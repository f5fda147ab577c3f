"""The path as the client sent it: Django's decoded one can't tell ``a%2F`` from ``a/``."""

from django.http import HttpRequest


def raw_path(request: HttpRequest) -> str:
    """The path, still percent-encoded, without the query."""
    target: str = request.META.get("RAW_URI") or request.get_full_path()
    return target.partition("?")[0].partition("#")[0]
