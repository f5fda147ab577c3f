"""Receive an NDJSON body: check each line as it arrives, and keep the body on disk until all lines are valid."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest

from picus_api.core.batch_write import Row, check_new_item, new_row
from picus_api.core.errors import (
    BadLine,
    BadRequest,
    BodyTimeout,
    BodyTooLarge,
    IncompleteBody,
    InvalidJson,
    ItemTooLarge,
    NoSpoolSpace,
)
from picus_api.core.values.from_json import attributes_from_json
from picus_api.core.values.json_bounds import check_bounds
from picus_api.request_body import is_chunked, limit_time

PIECE_BYTES = 256 * 1024
# A smaller body needs no file.
MEMORY_BYTES = 1024 * 1024
_BLANK = b" \t\r"


class NdjsonBody:
    """A body whose lines are all valid items, for keys that begin with ``prefix``. The caller closes it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.count = 0
        self._number = 0
        self._rest = b""
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(MEMORY_BYTES, dir=settings.SPOOL_DIR)  # noqa: SIM115

    def close(self) -> None:
        """Delete the body from memory and disk."""
        self._file.close()

    def add(self, piece: bytes) -> None:
        """Check and keep the next piece of the body. Raises BadLine, NoSpoolSpace."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._check(line)
        if len(self._rest) > settings.MAX_BODY_BYTES:
            self._check(self._rest)
        try:
            self._file.write(piece)
        except OSError as error:
            raise NoSpoolSpace from error

    def end(self) -> None:
        """Check the last line of the body. Raises BadLine."""
        self._check(self._rest)
        self._rest = b""

    def rows(self) -> Iterator[Row]:
        """Yield the row of each item, under a new key."""
        for number, line in self.numbered():
            yield new_row(number, attributes_from_json(line), self.prefix)

    def numbered(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield each line that is not blank, and its number (from 1), after line ``after``. One iterator at a time."""
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            if number > after and line.strip(_BLANK + b"\n"):
                yield number, line

    def _check(self, line: bytes) -> None:
        self._number += 1
        # Blanks too, or a body of one line of them would use up the memory.
        if len(line) > settings.MAX_BODY_BYTES:
            raise BadLine(self._number, BodyTooLarge(settings.MAX_BODY_BYTES), "It is longer than any item can be.")
        if not line.strip(_BLANK):
            return
        self.count += 1
        try:
            check_bounds(line)
            check_new_item(attributes_from_json(line), len(line), len(self.prefix.encode()))
        except BadRequest as error:
            raise BadLine(self._number, error, _about_line(error.message)) from error
        except ItemTooLarge as error:
            raise BadLine(self._number, error) from None


def _about_line(message: str) -> str:
    """Return a message about a body as a message about one line of it."""
    return message.replace("The body", "It", 1).replace("line 1 column", "column", 1)


def receive(request: HttpRequest, prefix: str) -> NdjsonBody:
    """Return the whole body, every line of it valid for a key that begins with ``prefix``.

    Raises BodyTooLarge, IncompleteBody, BodyTimeout, BadLine, InvalidJson, NoSpoolSpace. A body of a known length that
    exceeds the limit is refused before any of it is read.
    """
    length = None if is_chunked(request) else int(request.META.get("CONTENT_LENGTH") or 0)
    if (length or 0) > settings.MAX_NDJSON_BYTES:
        raise BodyTooLarge(settings.MAX_NDJSON_BYTES)
    lines = NdjsonBody(prefix)
    try:
        _fill(lines, request, length)
        lines.end()
        if not lines.count:
            raise InvalidJson("The body is empty: send a JSON object a line.")
    except BaseException:
        lines.close()
        raise
    return lines


def _fill(lines: NdjsonBody, request: HttpRequest, length: int | None) -> None:
    received = 0
    try:
        with limit_time(request, settings.NDJSON_SECONDS):
            for piece in _pieces(request.META["wsgi.input"], length):
                received += len(piece)
                if received > settings.MAX_NDJSON_BYTES:
                    raise BodyTooLarge(settings.MAX_NDJSON_BYTES)
                lines.add(piece)
    except TimeoutError:
        raise BodyTimeout from None
    if length is not None and received < length:
        raise IncompleteBody


def _pieces(body: Any, length: int | None) -> Iterator[bytes]:
    """Yield the body as it arrives, up to its length or its end."""
    left = length
    while left is None or left > 0:
        try:
            piece = body.read(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
        except TimeoutError:
            raise
        except Exception:  # Broken off or malformed: the server's own error types.
            raise IncompleteBody from None
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece
