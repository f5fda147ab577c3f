"""Find out from the bytes received so far whether a whole HTTP/1.1 request is there, without parsing it.

The worker gives a request to a thread only when all of it has arrived. Otherwise as many slow clients as there are
threads would block the service.
"""

import re
from enum import Enum

MAX_BUFFERED_BYTES = 64 * 1024
"""The largest request that is buffered before a thread takes it. Each idle connection may hold that much memory."""

_END_OF_HEAD = b"\r\n\r\n"
_FRAMING_FIELDS = re.compile(rb"\r\n(content-length|transfer-encoding|expect):[ \t]*([^\r\n]*)", re.IGNORECASE)


class Completeness(Enum):
    """How much of a request has arrived."""

    COMPLETE = "all of it, or an error that more bytes would not change"
    PARTIAL = "a part; the rest is worth waiting for without a thread"
    STREAM = "a part; a thread has to read the rest: a large body, a chunked one, or a client that waits for 100"


def completeness(data: bytes) -> Completeness:
    """Return how complete the request at the start of ``data`` is (RFC 9112, section 6.3)."""
    head_end = data.find(_END_OF_HEAD)
    if head_end < 0:
        return _head_completeness(data)
    fields = _FRAMING_FIELDS.findall(data, 0, head_end)
    if not fields:
        return Completeness.COMPLETE
    name, value = fields[0]
    if len(fields) > 1 or name.lower() != b"content-length":
        return Completeness.STREAM
    return _body_completeness(value.strip(), len(data) - head_end - len(_END_OF_HEAD), len(data))


def _head_completeness(data: bytes) -> Completeness:
    # A line that ends with LF alone is an error (RFC 9112, section 2.2). Waiting for the end of such a head is useless.
    if data.count(b"\n") != data.count(b"\r\n"):
        return Completeness.COMPLETE
    return Completeness.PARTIAL if len(data) < MAX_BUFFERED_BYTES else Completeness.STREAM


def _body_completeness(content_length: bytes, received: int, buffered: int) -> Completeness:
    if not content_length.isdigit():
        return Completeness.COMPLETE
    # 20 digits are more than any size; int() refuses texts of several thousand.
    missing = int(content_length.lstrip(b"0")[:20] or 0) - received
    if missing <= 0:
        return Completeness.COMPLETE
    return Completeness.PARTIAL if buffered + missing <= MAX_BUFFERED_BYTES else Completeness.STREAM


def has_no_body(data: bytes) -> bool:
    """Return True if ``data`` starts with the whole head of a request that has no body."""
    head_end = data.find(_END_OF_HEAD)
    return head_end >= 0 and not _FRAMING_FIELDS.search(data, 0, head_end)


def has_head(data: bytes) -> bool:
    """Return True if ``data`` contains the whole head of a request, so that an error response makes sense."""
    return _END_OF_HEAD in data
