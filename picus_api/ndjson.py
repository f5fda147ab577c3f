"""Many new items in one request, a line each: all are checked before any is written."""

import logging
from collections.abc import Iterator
from itertools import chain

from django.http import StreamingHttpResponse
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from picus_api.body import is_plain_utf8
from picus_api.core import messages
from picus_api.core.batches import Outcome, write_all
from picus_api.core.table import KEY, ItemTooLarge, TableThrottled, TableUnavailable
from picus_api.parsers import Negotiation
from picus_api.renderers import NdjsonRenderer
from picus_api.spool import Lines, receive

NOT_TRIED = "Not tried, because an item before it could not be written."
UNKNOWN = "The item store did not answer: the item may be there or not."

_log = logging.getLogger("picus.errors")


def create_many(request: Request) -> StreamingHttpResponse:
    """Store the item of each line under a new key; the answer has a line for each, in order, as they are written."""
    if not is_plain_utf8(request._request):
        raise UnsupportedMediaType(request.content_type)
    # The answer is lines whatever else is accepted. Raises NotAcceptable.
    Negotiation().select_renderer(request, [NdjsonRenderer()])
    lines = receive(request._request)
    try:
        batches = write_all(lines.entries())
        first = next(batches)
        _raise_when_nothing_is_written(first)
    except BaseException:
        lines.close()
        raise
    answer = _answer(lines, chain([first], batches))
    return StreamingHttpResponse(answer, content_type=NdjsonRenderer.media_type)


def _raise_when_nothing_is_written(outcomes: list[Outcome]) -> None:
    """Before the status line goes out: an outage from the start is a 503."""
    error = outcomes[0].error
    if isinstance(error, TableUnavailable) and all(each.error and not each.unknown for each in outcomes):
        raise error


def _answer(lines: Lines, batches: Iterator[list[Outcome]]) -> Iterator[bytes]:
    try:
        answered = 0
        for outcomes in batches:
            _log_failure(outcomes)
            yield b"".join(map(_line, outcomes))
            answered = outcomes[-1].line
        for number, _ in lines.numbered(after=answered):
            yield _failed_line(number, NOT_TRIED, 503)
    finally:
        lines.close()


def _line(outcome: Outcome) -> bytes:
    if outcome.error is None:
        return b'{"%b": "%b"}\n' % (KEY.encode(), outcome.key.encode())
    if isinstance(outcome.error, ItemTooLarge):
        return _failed_line(outcome.line, messages.ITEM_TOO_LARGE, 413)
    if outcome.unknown:
        return _failed_line(outcome.line, UNKNOWN, 503, outcome.key)
    busy = isinstance(outcome.error, TableThrottled)
    return _failed_line(outcome.line, messages.BUSY if busy else messages.UNAVAILABLE, 503)


def _failed_line(number: int, sentence: str, status: int, key: str | None = None) -> bytes:
    """``object_id`` only where the item may be there."""
    about = {"line": number, "error": sentence, "status": status}
    return messages.encode(about if key is None else {**about, KEY: key}) + b"\n"


def _log_failure(outcomes: list[Outcome]) -> None:
    error = next((each.error for each in outcomes if isinstance(each.error, TableUnavailable)), None)
    if error is not None:
        _log.error("many items were not written", extra={"cause": error.cause})
