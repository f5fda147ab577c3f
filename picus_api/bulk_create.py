"""Create many items by one NDJSON request. All lines are checked before any item is written."""

import logging
from collections.abc import Iterator
from functools import partial
from itertools import chain

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from picus_api.authentication import access_of, check_again, log_change
from picus_api.core import logs
from picus_api.core.access.access import WRITE
from picus_api.core.batch_write import Outcome, concerns_all, write_new_items
from picus_api.core.errors import BadLine, NotTried, OutcomeUnknown, PicusError, TableUnavailable
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
        # The body took its time: the access may have ended since, and may end before any batch.
        batches = _audited(request, write_new_items(lines.rows(), partial(check_again, request, WRITE)))
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
    """Raise an error if none of the first batch is written, before the status line is sent and before other batches."""
    errors = [each.error for each in outcomes if each.error and not each.unknown]
    if len(errors) == len(outcomes):
        raise next(filter(concerns_all, errors), BadLine(outcomes[0].row.origin, errors[0]))


def _response_lines(lines: NdjsonBody, batches: Iterator[list[Outcome]]) -> Iterator[bytes]:
    try:
        last_line = 0
        rest: PicusError = NotTried()
        for outcomes in batches:
            rest = _error_of_rest(outcomes) or rest
            _log_failure(outcomes)
            yield b"".join(map(_line, outcomes))
            last_line = outcomes[-1].row.origin
        for number, _ in lines.numbered(after=last_line):
            yield _failed_line(number, rest)
    finally:
        lines.close()


def _error_of_rest(outcomes: list[Outcome]) -> PicusError | None:
    """Return the error of the lines that are not tried after these, or None if the writing goes on."""
    error = next((each.error for each in outcomes if concerns_all(each.error)), None)
    # A client whose access has ended must not send the lines again.
    return NotTried() if isinstance(error, TableUnavailable) else error


def _line(outcome: Outcome) -> bytes:
    if outcome.error is None:
        return b'{"%b": "%b"}\n' % (KEY.encode(), outcome.row.key.encode())
    if outcome.unknown and concerns_all(outcome.error):
        # The key, so that the client can find out.
        return _failed_line(outcome.row.origin, OutcomeUnknown(), {KEY: outcome.row.key})
    return _failed_line(outcome.row.origin, outcome.error)


def _failed_line(number: int, error: PicusError, more: dict[str, str] | None = None) -> bytes:
    return encode_json({"line": number, **error.body(), "status": error.status, **(more or {})}) + b"\n"


def _log_failure(outcomes: list[Outcome]) -> None:
    error = next((each.error for each in outcomes if isinstance(each.error, TableUnavailable)), None)
    if error is not None:
        error.log(_log)
