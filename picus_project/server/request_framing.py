"""Find out from the bytes received so far whether a whole HTTP/1.1 request is there, without parsing it.

The worker gives a request to a thread only when all of it has arrived. Otherwise as many slow clients as there are
threads would block the service.
"""

import re
from enum import Enum

from picus_api.core.keys import normalise_path
from picus_project.server.request import MAX_HEAD_BYTES, MAX_REQUEST_LINE_BYTES

SMALL_BYTES = 64 * 1024
"""The largest request that takes little memory and time."""
MAX_BUFFERED_BYTES = 3 * 1024 * 1024
"""The largest request that is buffered before a thread takes it. limits.MAX_UNFINISHED_BYTES bounds their sum."""

_MAX_CHUNKS = 64
"""The most chunks that are counted each time bytes arrive. A client that sends smaller ones has a thread read them."""

_END_OF_LINE, _END_OF_HEAD = b"\r\n", b"\r\n\r\n"
# The usual form. gunicorn's parser, in a thread, judges any other one.
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")
_FRAMING_FIELDS = re.compile(rb"\r\n(content-length|transfer-encoding|expect):[ \t]*([^\r\n]*)", re.IGNORECASE)
_NDJSON = re.compile(rb"\r\ncontent-type:[ \t]*application/x-ndjson", re.IGNORECASE)


class Completeness(Enum):
    """The state of a request that is arriving."""

    COMPLETE = "all of it, or an error that more bytes would not change"
    PARTIAL = "a part; the rest is worth waiting for without a thread"
    STREAM = "a part; a thread has to read the rest: a large body, or a client that waits for 100"


def completeness(data: bytes) -> Completeness:
    """Return how complete the request at the start of ``data`` is (RFC 9112, section 6.3)."""
    head_end = data.find(_END_OF_HEAD)
    if head_end < 0:
        return _head_completeness(data)
    fields = _FRAMING_FIELDS.findall(data, 0, head_end)
    if not fields:
        return Completeness.COMPLETE
    name, value = fields[0]
    start = head_end + len(_END_OF_HEAD)
    if len(fields) > 1 or name.lower() == b"expect":
        return Completeness.STREAM
    if name.lower() == b"content-length":
        return _body_completeness(value.strip(), len(data) - start, data)
    return _chunked_completeness(data, start) if value.strip().lower() == b"chunked" else Completeness.STREAM


def _head_completeness(data: bytes) -> Completeness:
    # A line that ends with LF alone is an error (RFC 9112, section 2.2). Waiting for the end of such a head is useless.
    if data.count(b"\n") != data.count(b"\r\n"):
        return Completeness.COMPLETE
    # The parser refuses a longer head without reading more, so no thread waits for the rest (ServerRequest.read_into).
    # It allows two bytes more before it sees the end of the first line.
    line, _, fields = data.removeprefix(_END_OF_LINE).partition(_END_OF_LINE)
    is_too_long = len(fields) > MAX_HEAD_BYTES or len(line) > MAX_REQUEST_LINE_BYTES + len(_END_OF_LINE)
    return Completeness.COMPLETE if is_too_long else Completeness.PARTIAL


def _body_completeness(content_length: bytes, received: int, data: bytes) -> Completeness:
    if not content_length.isdigit():
        return Completeness.COMPLETE
    missing = _integer(content_length) - received
    if missing <= 0:
        return Completeness.COMPLETE
    whole = len(data) + missing
    # The view checks large NDJSON line by line while it arrives.
    if whole > MAX_BUFFERED_BYTES or (whole > SMALL_BYTES and _NDJSON.search(data)):
        return Completeness.STREAM
    return Completeness.PARTIAL


def _chunked_completeness(data: bytes, start: int) -> Completeness:
    """Return how complete a chunked body is (RFC 9112, section 7.1)."""
    if len(data) > SMALL_BYTES:
        return Completeness.STREAM
    for _ in range(_MAX_CHUNKS):
        if start >= len(data) or data.find(_END_OF_LINE, start) < 0:
            return Completeness.PARTIAL
        size = _CHUNK_SIZE.match(data, start)
        if size is None:
            return Completeness.STREAM
        if int(size[1], 16) == 0:
            # The end of the trailer fields, which begin with the end of the last chunk's line.
            return (
                Completeness.COMPLETE
                if data.find(_END_OF_HEAD, size.end() - len(_END_OF_LINE)) >= 0
                else Completeness.PARTIAL
            )
        end = size.end() + int(size[1], 16)
        start = end + len(_END_OF_LINE)
        if not _END_OF_LINE.startswith(data[end:start]):
            return Completeness.STREAM
    return Completeness.STREAM


def _integer(digits: bytes) -> int:
    # 20 digits are more than any size; int() refuses texts of several thousand.
    return int(digits.lstrip(b"0")[:20] or 0)


def missing_bytes(data: bytes) -> int:
    """Return how many bytes of the body have not arrived, for a partial request; 0 if that is not known yet."""
    head_end = data.find(_END_OF_HEAD)
    if head_end < 0:
        return 0
    [(name, value)] = _FRAMING_FIELDS.findall(data, 0, head_end)
    if name.lower() != b"content-length":
        return 0
    return _integer(value.strip()) - (len(data) - head_end - len(_END_OF_HEAD))


def has_no_body(data: bytes) -> bool:
    """Return True if ``data`` starts with the whole head of a request that has no body."""
    head_end = data.find(_END_OF_HEAD)
    return head_end >= 0 and not _FRAMING_FIELDS.search(data, 0, head_end)


def has_head(data: bytes) -> bool:
    """Return True if ``data`` contains the whole head of a request, so that an error response makes sense."""
    return _END_OF_HEAD in data


# The usual requests for single items.
_ITEM_METHODS = (b"GET /picus/get/", b"PUT ", b"PATCH ", b"DELETE ")


def takes_much(data: bytes) -> bool:
    """Return True if a complete request may take much memory or time: a large body, NDJSON, or a list."""
    if len(data) > SMALL_BYTES:
        # A head without its end is refused at once.
        return has_head(data)
    if data.startswith(_ITEM_METHODS):
        return False
    if data.startswith(b"POST "):
        return _NDJSON.search(data) is not None
    target = data[:SMALL_BYTES].lstrip(b"\r\n").split(b" ", 2)[1:2]
    return bool(target) and _is_list(target[0])


def _is_list(target: bytes) -> bool:
    """Return True if the list has this target, or if it ends like the list's. The views decide what is served."""
    path = normalise_path(target.partition(b"?")[0].decode("latin-1"))
    return path.removesuffix("/").endswith("/picus/list")
