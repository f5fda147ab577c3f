"""A stream into its records, still as text: the lines of NDJSON, the elements of a JSON array. In bounded memory."""

import io
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from picus_api.bulk.errors import BadStream

# 400 KB of nothing but nulls are 2.8 MB in DynamoDB's JSON.
MAX_RECORD_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024


class Record(NamedTuple):
    """One record's text, and the line on which it starts, from 1."""

    line: int
    text: bytes


class BadText(Exception):
    """The text can't be split, at this line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


_TOO_LONG = f"The record is longer than {MAX_RECORD_BYTES:,} bytes, more than any item needs."


def split_lines(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    """A record a line; blank lines are none. Raises BadText."""
    number = 0
    try:
        while line := stream.readline(MAX_RECORD_BYTES + 1):
            number += 1
            if len(line) > MAX_RECORD_BYTES:
                raise BadText(number, _TOO_LONG)
            if not line.isspace():
                yield Record(number, line)
    except BadStream as error:
        raise BadText(number + 1, str(error)) from error


def split_array(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    """The elements of one JSON array of objects. Raises BadText."""
    text = _ArrayText(stream)
    try:
        text.expect(b"[", "This is not a JSON array.")
        first = text.next()
        while first != b"]":
            line = text.line
            yield Record(line, text.element(first))
            if (first := text.take()) == b",":
                first = text.next()
                if first == b"]":
                    raise BadText(text.line, "The array has a comma before its end.")
            elif first != b"]":
                raise BadText(text.line, "The array needs a comma between two items.")
        text.end()
    except BadStream as error:
        raise BadText(text.line, str(error)) from error


class _End(BadStream):
    """The stream is over."""


_FILLED = re.compile(rb"[^ \t\r\n]")
# A string as a whole, or a quote whose string is not all there yet.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)


class _ArrayText:
    """What is left of the array's text, as much of it as is needed."""

    def __init__(self, stream: "io.BufferedReader[Any]") -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self.line = 1

    def next(self) -> bytes:
        """The next character that isn't white space, which stays."""
        while (found := _FILLED.search(self._data, self._at)) is None:
            self._advance(len(self._data))
            self._fill()
        self._advance(found.start())
        return found[0]

    def take(self) -> bytes:
        """The same, taken."""
        character = self.next()
        self._advance(self._at + 1)
        return character

    def expect(self, character: bytes, otherwise: str) -> None:
        """Take this one. Raises BadText."""
        if self.take() != character:
            raise BadText(self.line, otherwise)
        self.next()

    def element(self, first: bytes) -> bytes:
        """Take one object, found by its brackets alone."""
        if first != b"{":
            raise BadText(self.line, "Every element of the array must be a JSON object.")
        depth, scanned = 0, self._at
        while True:
            for token in _TOKEN.finditer(self._data, scanned):
                text = token[0]
                if text == b'"':
                    break
                scanned = token.end()
                if text in b"{[":
                    depth += 1
                elif text in b"}]":
                    depth -= 1
                    if depth == 0:
                        element = self._data[self._at : scanned]
                        self._advance(scanned)
                        return element
            scanned -= self._at
            self._fill()

    def end(self) -> None:
        """Nothing but white space may follow the array."""
        self._advance(self._at + 1)
        try:
            self.next()
        except _End:
            return
        raise BadText(self.line, "Something follows the end of the array.")

    def _advance(self, to: int) -> None:
        self.line += self._data.count(b"\n", self._at, to)
        self._at = to

    def _fill(self) -> None:
        """Read on, the more the more is pending, so that a long element isn't scanned too often."""
        pending = self._data[self._at :]
        if len(pending) > MAX_RECORD_BYTES:
            raise BadText(self.line, _TOO_LONG)
        piece = self._stream.read1(max(_CHUNK, len(pending)))
        if not piece:
            raise _End("The array ends in the middle: its ] is missing.")
        self._data, self._at = pending + piece, 0
