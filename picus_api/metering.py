"""What a request cost, for those who ask: ``Prefer: consumed-capacity`` (RFC 7240)."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from picus_api.core.capacity import measured

PREFERENCE = "consumed-capacity"


def consumed_capacity(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Say in a header how many capacity units DynamoDB counted. Not where the answer goes out before that is known."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "HTTP_PREFER" not in request.META or not _asks(request.META["HTTP_PREFER"]):
            return get_response(request)
        with measured() as meter:
            response = get_response(request)
        if not response.streaming:
            response["Picus-Consumed-Capacity"] = f"{meter.units:.15g}"
            response["Preference-Applied"] = PREFERENCE
        return response

    return middleware


def _asks(preferences: str) -> bool:
    """Whether the preference is among them; its parameters mean nothing."""
    return any(each.partition(";")[0].strip().lower() == PREFERENCE for each in preferences.split(","))
