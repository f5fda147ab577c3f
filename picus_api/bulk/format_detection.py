"""Detect the format of a file by the structure of its first record, and refuse other formats by their names."""

import json
import re
from contextlib import suppress
from typing import Any

from picus_api.bulk.errors import MalformedText
from picus_api.bulk.formats import DYNAMODB, JSON, NDJSON, Format
from picus_api.bulk.record_kinds import UnknownRecord, format_of_record, is_items_response
from picus_api.bulk.record_reader import RecordReader, read_array, read_lines, read_objects, read_response

_SUPPORTED = "An import reads NDJSON, JSON and DynamoDB's JSON, plain or gzipped."
# By the first bytes of a file. PowerShell's > writes UTF-16.
_NOT_JSON = {
    b"\x1f\x8b": "compressed by gzip twice",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"\xe0\x01\x00\xea": "Amazon Ion",
    b"$ion_1_0": "Amazon Ion",
    b"SQLite format 3": "an SQLite database",
    b"\xff\xfe": "UTF-16 text: convert it to UTF-8",
    b"\xfe\xff": "UTF-16 text: convert it to UTF-8",
}
_SPACE = " \t\r\n"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],"]', re.DOTALL)
_DECODER = json.JSONDecoder()


def detect_format(start: bytes, chosen: Format | None = None) -> Format:
    """Return the format of a file by its first bytes. Raises MalformedText.

    ``chosen`` says whether the records are plain JSON or attribute values. The layout is always detected: a record per
    line, objects over several lines, an array, or responses of DynamoDB.
    """
    if name := next((name for magic, name in _NOT_JSON.items() if start.startswith(magic)), None):
        raise MalformedText(1, f"The file is {name}. {_SUPPORTED}")
    line = start[: len(start) - len(start.lstrip())].count(b"\n") + 1
    read, record = _layout(start.decode(errors="replace").strip(_SPACE), line)
    if chosen not in (JSON, NDJSON) and read is not read_array and is_items_response(record):
        read, record = read_response, next(iter(record["Items"]), None)
    try:
        found = chosen or format_of_record(record)
    except UnknownRecord as error:
        raise MalformedText(line, error.message) from error
    if found is DYNAMODB:
        return found._replace(read=read)
    return found._replace(name=NDJSON.name if read is read_lines else JSON.name, read=read)


def _layout(text: str, line: int) -> tuple[RecordReader, Any]:
    """Return the reader for a text by its start, and the first record, whose end may be missing."""
    value, end = _parse_start(text)
    if text and text[0] not in "{[" and not _ends_line(text, end):
        raise MalformedText(line, f"The file is not JSON. {_SUPPORTED}")
    if text.startswith("["):
        return read_array, next(iter(value or ()), None)
    is_line = "\n" not in text[:end] and (end is None or _ends_line(text, end))
    return (read_lines if is_line else read_objects), value


def has_first_record(start: bytes) -> bool:
    """Return True if the bytes include a whole object, so that more bytes would not change the format."""
    text = start.decode(errors="replace").lstrip(_SPACE)
    with suppress(ValueError, RecursionError):
        return text.startswith("{") and _DECODER.raw_decode(text)[1] < len(text)
    return False


def _ends_line(text: str, end: int | None) -> bool:
    """Return True if only spaces follow in the line."""
    return end is not None and text[end:].lstrip(" \t\r")[:1] in ("", "\n")


def _parse_start(text: str) -> tuple[Any, int | None]:
    """Return the first JSON value of a text and its end.

    If the value is cut or malformed, return what is before that (None if there is nothing), and no end.
    """
    with suppress(ValueError, RecursionError):
        return _DECODER.raw_decode(text)
    with suppress(ValueError, RecursionError):
        return _DECODER.decode(_close(text)), None
    return None, None


def _close(text: str) -> str:
    """Return the first value up to its last comma, with the brackets that are missing there."""
    closers, end, closers_at_end = "", 0, ""
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            closers = ("}" if token[0] == "{" else "]") + closers
        elif token[0] in ("}", "]"):
            closers = closers[1:]
            if not closers:
                break
        elif token[0] == ",":
            end, closers_at_end = token.start(), closers
        elif token[0] == '"':
            break
    return text[:end] + closers_at_end
