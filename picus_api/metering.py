"""What a request cost, for those who ask: ``Prefer: consumed-capacity`` (RFC 7240)."""

from collections.abc import Callable, Iterable, Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from picus_api.core.capacity import HEADER, TRAILERS_KEY, Meter, is_wanted, measured, report


def consumed_capacity(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Say how many capacity units DynamoDB counted: in a header, or where the answer streams in a trailer field."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "HTTP_PREFER" not in request.META or not is_wanted(request.META["HTTP_PREFER"]):
            return get_response(request)
        with measured() as meter:
            response = get_response(request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _metered(response.streaming_content, meter)  # type: ignore[arg-type]
            if send_trailers := request.META.get(TRAILERS_KEY):
                response["Trailer"] = HEADER
                send_trailers(lambda: {HEADER: meter.text})
        else:
            for name, value in report(meter).items():
                response[name] = value
        return response

    return middleware


def _metered(pieces: Iterable[bytes], meter: Meter) -> Iterator[bytes]:
    """The pieces, each made while the meter counts: between them the thread may serve others."""
    iterator = iter(pieces)
    while True:
        with measured(meter):
            piece = next(iterator, None)
        if piece is None:
            return
        yield piece
