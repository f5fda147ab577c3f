"""Split the text of a file into records, in bounded memory: the lines of NDJSON, or the objects of a JSON array."""

import io
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from picus_api.bulk.errors import DamagedData, MalformedText

# The largest item is 400 KB of nulls, which are 2.8 MB in DynamoDB's JSON.
MAX_RECORD_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class Record(NamedTuple):
    """The text of a record, and the line on which it starts, from 1."""

    line: int
    text: bytes


_TOO_LONG = f"The record is longer than {MAX_RECORD_BYTES:,} bytes, more than any item needs."


def read_lines(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    """Yield each line that is not blank. Raises MalformedText."""
    number = 0
    try:
        while line := stream.readline(MAX_RECORD_BYTES + 1):
            number += 1
            if len(line) > MAX_RECORD_BYTES:
                raise MalformedText(number, _TOO_LONG)
            if not line.isspace():
                yield Record(number, line)
    except DamagedData as error:
        raise MalformedText(number + 1, str(error)) from error


def read_array(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    """Yield each object of a JSON array. Raises MalformedText."""
    text = _ArrayText(stream)
    try:
        text.expect(b"[", "This is not a JSON array.")
        first = text.peek()
        while first != b"]":
            line = text.line
            yield Record(line, text.take_object(first))
            if (first := text.take()) == b",":
                first = text.peek()
                if first == b"]":
                    raise MalformedText(text.line, "The array has a comma before its end.")
            elif first != b"]":
                raise MalformedText(text.line, "The array needs a comma between two items.")
        text.expect_end()
    except DamagedData as error:
        raise MalformedText(text.line, str(error)) from error


class _EndOfText(DamagedData):
    """The text ends where a character must follow."""


_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
# A whole string, a quote whose string is not complete yet, or a bracket.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)


class _ArrayText:
    """The unread text of an array, of which only the part in use is in memory."""

    def __init__(self, stream: "io.BufferedReader[Any]") -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self.line = 1

    def peek(self) -> bytes:
        """Skip white space, and return the next character without taking it. Raises _EndOfText."""
        while (found := _NOT_SPACE.search(self._data, self._at)) is None:
            self._advance(len(self._data))
            self._read_more()
        self._advance(found.start())
        return found[0]

    def take(self) -> bytes:
        """Skip white space, and take the next character. Raises _EndOfText."""
        character = self.peek()
        self._advance(self._at + 1)
        return character

    def expect(self, character: bytes, otherwise: str) -> None:
        """Take this character. Raises MalformedText with the message ``otherwise``."""
        if self.take() != character:
            raise MalformedText(self.line, otherwise)
        self.peek()

    def take_object(self, first: bytes) -> bytes:
        """Take the text of one object, whose end is found by counting brackets outside of strings."""
        if first != b"{":
            raise MalformedText(self.line, "Every element of the array must be a JSON object.")
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
                        return self._take_until(scanned)
            scanned -= self._at
            self._read_more()

    def _take_until(self, end: int) -> bytes:
        text = self._data[self._at : end]
        if len(text) > MAX_RECORD_BYTES:
            raise MalformedText(self.line, _TOO_LONG)
        self._advance(end)
        return text

    def expect_end(self) -> None:
        """Raise MalformedText unless only white space follows the array."""
        self._advance(self._at + 1)
        try:
            self.peek()
        except _EndOfText:
            return
        raise MalformedText(self.line, "Something follows the end of the array.")

    def _advance(self, to: int) -> None:
        self.line += self._data.count(b"\n", self._at, to)
        self._at = to

    def _read_more(self) -> None:
        """Read as much as is unread already, so that the time for a long object stays linear."""
        unread = self._data[self._at :]
        if len(unread) > MAX_RECORD_BYTES:
            raise MalformedText(self.line, _TOO_LONG)
        piece = self._stream.read1(max(_CHUNK_BYTES, len(unread)))
        if not piece:
            raise _EndOfText("The array ends in the middle: its ] is missing.")
        self._data, self._at = unread + piece, 0
