"""Split the text of a file into records, in bounded memory: lines, or the objects of an array or a response."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from picus_api.bulk.errors import DamagedData, MalformedText

# The largest item is 400 KB of nulls, which are 2.8 MB in DynamoDB's JSON.
MAX_RECORD_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class Record(NamedTuple):
    """The text of a record, and the line on which it starts, from 1."""

    line: int
    text: bytes


RecordReader = Callable[["io.BufferedReader[Any]"], Iterator[Record]]

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
    text = _JsonText(stream, "The array ends in the middle: its ] is missing.")
    with text.errors_with_line():
        text.expect(b"[", "This is not a JSON array.")
        yield from _objects_of_array(text)
        if text.peek_or_end():
            raise MalformedText(text.line, "There is text after the end of the array.")


def read_objects(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    """Yield each of the JSON objects that follow one another, over any number of lines. Raises MalformedText."""
    text = _JsonText(stream, "The object ends in the middle: its } is missing.")
    with text.errors_with_line():
        while first := text.peek_or_end():
            yield Record(text.line, text.take_object(first, "A JSON object is expected here."))


def read_response(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    """Yield each object in the member Items of one or more responses of DynamoDB. Raises MalformedText."""
    text = _JsonText(stream, "The response ends in the middle.")
    with text.errors_with_line():
        while text.peek_or_end():
            yield from _items_of_response(text)


def _items_of_response(text: "_JsonText") -> Iterator[Record]:
    line, names = text.line, set()
    text.expect(b"{", "A response of DynamoDB is expected here.")
    separator = b","
    while separator == b",":
        names.add(name := text.take_value())
        text.expect(b":", "A colon is expected here.")
        if name == b'"Items"':
            text.expect(b"[", "The member Items must be an array.")
            yield from _objects_of_array(text)
        else:
            text.take_value()
        separator = text.take()
    if separator != b"}":
        raise MalformedText(text.line, "The response needs a comma between two members.")
    if b'"Items"' not in names:
        raise MalformedText(line, "The response has no member Items, unlike the one before it.")


def _objects_of_array(text: "_JsonText") -> Iterator[Record]:
    """Yield the objects up to the end of the array, whose first bracket is taken already."""
    first = text.peek()
    while first != b"]":
        yield Record(text.line, text.take_object(first, "Every element of the array must be a JSON object."))
        if (first := text.peek()) == b",":
            text.take()
            first = text.peek()
            if first == b"]":
                raise MalformedText(text.line, "The array has a comma before its end.")
        elif first != b"]":
            raise MalformedText(text.line, "The array needs a comma between two items.")
    text.take()


class _EndOfText(DamagedData):
    """The text ends where a character must follow."""


_NOT_SPACE = re.compile(rb"[^ \t\r\n]")
# A whole string, a quote whose string is not complete yet, or a bracket.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)
# A whole string, or a scalar and the character after it.
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"\[\]{},:]+(?=[\s,\]}:])', re.DOTALL)


class _JsonText:
    """The unread text of a stream, of which only the part in use is in memory."""

    def __init__(self, stream: "io.BufferedReader[Any]", incomplete: str) -> None:
        """Take a stream, and the message of the error if its text ends in the middle."""
        self._stream = stream
        self._incomplete = incomplete
        self._data = b""
        self._at = 0
        self.line = 1

    @contextmanager
    def errors_with_line(self) -> Iterator[None]:
        """Raise DamagedData as MalformedText at the current line."""
        try:
            yield
        except DamagedData as error:
            raise MalformedText(self.line, str(error)) from error

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

    def peek_or_end(self) -> bytes:
        """Skip white space, and return the next character without taking it, or nothing at the end of the text."""
        try:
            return self.peek()
        except _EndOfText:
            return b""

    def expect(self, character: bytes, otherwise: str) -> None:
        """Take this character. Raises MalformedText with the message ``otherwise``."""
        if self.take() != character:
            raise MalformedText(self.line, otherwise)

    def take_value(self) -> bytes:
        """Take the text of one JSON value."""
        first = self.peek()
        if first in b"{[":
            return self._take_container()
        while (match := _SCALAR.match(self._data, self._at)) is None:
            if first != b'"' and _SCALAR.match(first + b" ") is None:
                raise MalformedText(self.line, "A JSON value is expected here.")
            self._read_more()
        return self._take_until(match.end())

    def take_object(self, first: bytes, otherwise: str) -> bytes:
        """Take the text of one object, whose ``first`` character is known. Raises MalformedText with ``otherwise``."""
        if first != b"{":
            raise MalformedText(self.line, otherwise)
        return self._take_container()

    def _take_container(self) -> bytes:
        """Take the text of an object or array, whose end is found by counting brackets outside of strings."""
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
            raise _EndOfText(self._incomplete)
        self._data, self._at = unread + piece, 0
