"""Create many items by one NDJSON request. All lines are checked before any item is written."""

import logging
from collections.abc import Iterator
from itertools import chain

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from picus_api.authentication import access_of, log_change
from picus_api.core import logs
from picus_api.core.batch_write import Outcome, write_new_items
from picus_api.core.errors import NotTried, OutcomeUnknown, PicusError, TableUnavailable
from picus_api.core.keys import KEY
from picus_api.core.response_body import encode_json
from picus_api.ndjson_body import NdjsonBody, receive
from picus_api.parsers import Negotiation
from picus_api.renderers import NdjsonRenderer
from picus_api.request_body import check_is_plain_utf8

_log = logging.getLogger("picus.errors")


def create_many(request: Request) -> StreamingHttpResponse:
    """Store the item of each line under a new key. The response has a line for each, in order, as they are written."""
    check_is_plain_utf8(request._request)
    # The response is NDJSON, whatever else the client accepts. Raises NotAcceptable.
    Negotiation().select_renderer(request, [NdjsonRenderer()])
    lines = receive(request._request, access_of(request).prefix)
    try:
        batches = _audited(request, write_new_items(lines.rows()))
        first = next(batches)
        _raise_when_nothing_is_written(first)
    except BaseException:
        lines.close()
        raise
    body = _response_lines(lines, chain([first], batches))
    return StreamingHttpResponse(body, content_type=NdjsonRenderer.media_type)


def _audited(request: Request, batches: Iterator[list[Outcome]]) -> Iterator[list[Outcome]]:
    """Yield the batches, and write one audit line after the last one, or when the client disconnects before it."""
    # After the headers of the response the context has another request's id, or none.
    request_id = logs.request_id.get()
    written = unknown = 0
    is_complete = False
    try:
        for outcomes in batches:
            written += sum(outcome.error is None for outcome in outcomes)
            unknown += sum(outcome.unknown for outcome in outcomes)
            yield outcomes
        is_complete = True
    finally:
        if written or unknown:
            about = {"count": written, "unknown": unknown, "complete": is_complete}
            log_change(request, "create_many", request_id=request_id, **about)


def _raise_when_nothing_is_written(outcomes: list[Outcome]) -> None:
    """Raise the error of an outage from the start, before the status line is sent: the response is a 503."""
    error = outcomes[0].error
    if isinstance(error, TableUnavailable) and all(each.error and not each.unknown for each in outcomes):
        raise error


def _response_lines(lines: NdjsonBody, batches: Iterator[list[Outcome]]) -> Iterator[bytes]:
    try:
        last_line = 0
        for outcomes in batches:
            _log_failure(outcomes)
            yield b"".join(map(_line, outcomes))
            last_line = outcomes[-1].row.origin
        for number, _ in lines.numbered(after=last_line):
            yield _failed_line(number, NotTried())
    finally:
        lines.close()


def _line(outcome: Outcome) -> bytes:
    if outcome.error is None:
        return b'{"%b": "%b"}\n' % (KEY.encode(), outcome.row.key.encode())
    if outcome.unknown and isinstance(outcome.error, TableUnavailable):
        # The key, so that the client can find out.
        return _failed_line(outcome.row.origin, OutcomeUnknown(), {KEY: outcome.row.key})
    return _failed_line(outcome.row.origin, outcome.error)


def _failed_line(number: int, error: PicusError, more: dict[str, str] | None = None) -> bytes:
    return encode_json({"line": number, **error.body(), "status": error.status, **(more or {})}) + b"\n"


def _log_failure(outcomes: list[Outcome]) -> None:
    error = next((each.error for each in outcomes if isinstance(each.error, TableUnavailable)), None)
    if error is not None:
        error.log(_log)
