"""Report the capacity units of a request to clients that send ``Prefer: consumed-capacity`` (RFC 7240)."""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from picus_api.core.capacity import (
    HEADER,
    TRAILERS_KEY,
    CapacityMeter,
    is_wanted,
    measure,
    response_headers,
)
from picus_api.core.preferences import APPLIED


def consumed_capacity(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Add the units to the response: in a header field, or for a streamed body in a trailer field."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "HTTP_PREFER" not in request.META or not is_wanted(request.META["HTTP_PREFER"]):
            return get_response(request)
        with measure() as meter:
            response = get_response(request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _metered(response.streaming_content, meter)  # type: ignore[arg-type]
            if send_trailers := request.META.get(TRAILERS_KEY):
                response["Trailer"] = HEADER
                send_trailers(lambda: {HEADER: meter.text})
        else:
            more = response_headers(meter, request.META["HTTP_PREFER"], response.headers.get(APPLIED))
            for name, value in more.items():
                response[name] = value
        return response

    return middleware


def _metered(pieces: Iterable[bytes], meter: CapacityMeter) -> Iterator[bytes]:
    """Yield the pieces, and measure while each is made: between them the thread may serve other requests."""
    iterator = iter(pieces)
    while True:
        with measure(meter):
            piece = next(iterator, None)
        if piece is None:
            return
        yield piece
