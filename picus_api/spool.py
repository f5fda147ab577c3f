"""A body of many lines: checked as it arrives, and kept on disk until all of it is known to be good."""

import logging
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException

from picus_api.body import BodyIncomplete, BodyTimeout, BodyTooLarge, is_chunked, limit_waiting
from picus_api.core import messages
from picus_api.core.batches import Entry, check_new, new_entry
from picus_api.core.errors import BadLine, BadValue
from picus_api.core.from_json import attributes_from_json
from picus_api.core.table import ItemTooLarge

PIECE_BYTES = 256 * 1024
# A body that fits in here costs no file.
MEMORY_BYTES = 1024 * 1024
_BLANK = b" \t\r"

_log = logging.getLogger("picus.spool")


class SpoolUnavailable(APIException):
    """There is no folder, or no room in it, to keep a body in."""

    status_code = 503
    default_detail = "There is no room for a body of this size at the moment: try again later, or send less at once."


class Lines:
    """A body whose lines are all good items. Close it."""

    def __init__(self) -> None:
        self.count = 0
        self._number = 0
        self._rest = b""
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=settings.SPOOL_DIR)  # noqa: SIM115

    def close(self) -> None:
        """Drop what is kept."""
        self._file.close()

    def add(self, piece: bytes) -> None:
        """The next piece of the body. Raises BadLine, SpoolUnavailable."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._check(line)
        if len(self._rest) > settings.MAX_BODY_BYTES:
            self._check(self._rest)
        try:
            self._file.write(piece)
        except OSError as error:
            _log.error("a body can't be kept", extra={"cause": str(error)})
            raise SpoolUnavailable from error

    def end(self) -> None:
        """The body is complete. Raises BadLine."""
        self._check(self._rest)
        self._rest = b""

    def entries(self) -> Iterator[Entry]:
        """Each item, under a new key."""
        for number, line in self.numbered():
            yield new_entry(number, attributes_from_json(line))

    def numbered(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Each line that is not blank, and its number (from 1), behind a number. One iterator at a time."""
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            if number > after and line.strip(_BLANK + b"\n"):
                yield number, line

    def _check(self, line: bytes) -> None:
        self._number += 1
        if not line.strip(_BLANK):
            return
        self.count += 1
        if len(line) > settings.MAX_BODY_BYTES:
            raise BadLine(self._number, "It is longer than any item can be.", status=413)
        try:
            check_new(attributes_from_json(line), len(line))
        except BadValue as error:
            raise BadLine(self._number, _of_a_line(error.message), error.pointer) from error
        except ItemTooLarge:
            raise BadLine(self._number, messages.ITEM_TOO_LARGE, status=413) from None


def _of_a_line(message: str) -> str:
    """What is said of a body, said of a line of it."""
    return message.replace("The body", "It", 1).replace("line 1 column", "column", 1)


def receive(request: HttpRequest) -> Lines:
    """The whole body, every line of it good. Raises BodyTooLarge, BodyIncomplete, BodyTimeout, BadLine.

    A body of a known length is refused before any of it is read.
    """
    length = None if is_chunked(request) else int(request.META.get("CONTENT_LENGTH") or 0)
    if (length or 0) > settings.MAX_NDJSON_BYTES:
        raise BodyTooLarge(settings.MAX_NDJSON_BYTES)
    lines = Lines()
    try:
        _fill(lines, request, length)
        lines.end()
        if not lines.count:
            raise BadValue("The body is empty: send a JSON object a line.", located=False)
    except BaseException:
        lines.close()
        raise
    return lines


def _fill(lines: Lines, request: HttpRequest, length: int | None) -> None:
    received = 0
    try:
        with limit_waiting(request, settings.NDJSON_SECONDS):
            for piece in _pieces(request.META["wsgi.input"], length):
                received += len(piece)
                if received > settings.MAX_NDJSON_BYTES:
                    raise BodyTooLarge(settings.MAX_NDJSON_BYTES)
                lines.add(piece)
    except TimeoutError:
        raise BodyTimeout from None
    if length is not None and received < length:
        raise BodyIncomplete


def _pieces(body: Any, length: int | None) -> Iterator[bytes]:
    """The body as it comes, up to its length or its end."""
    left = length
    while left is None or left > 0:
        try:
            piece = body.read(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
        except TimeoutError:
            raise
        except Exception:  # Broken off or malformed: the server's own error types.
            raise BodyIncomplete from None
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece
