"""How much of a request is here, so that no thread waits for the rest of one.

Whoever sends slowly would otherwise hold a thread for as long as the request takes to come; as many of them as there
are threads, and nobody else is answered.
"""

import re
from enum import Enum

WAITED_BYTES = 64 * 1024
"""What is gathered before a thread takes the request on. All idle connections together may hold as much each."""

_END_OF_HEAD = b"\r\n\r\n"
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|expect):[ \t]*([^\r\n]*)", re.IGNORECASE)


class Arrival(Enum):
    """How a request stands."""

    WHOLE = "all here, or wrong in a way that more of it won't change"
    PARTIAL = "worth waiting for without a thread"
    OPEN = "to be read as it comes: large, in chunks, or waiting to be asked for"


def arrival_of(data: bytes) -> Arrival:
    """How the request stands that begins a connection's bytes (RFC 9112, section 6.3)."""
    head = data.find(_END_OF_HEAD)
    if head < 0:
        return Arrival.PARTIAL if len(data) < WAITED_BYTES else Arrival.OPEN
    fields = _FRAMING.findall(data, 0, head)
    if not fields:
        return Arrival.WHOLE
    name, value = fields[0]
    if len(fields) > 1 or name.lower() != b"content-length":
        return Arrival.OPEN
    digits = value.strip()
    if not digits.isdigit():
        return Arrival.WHOLE
    missing = head + len(_END_OF_HEAD) + int(digits.lstrip(b"0")[:20] or 0) - len(data)
    if missing <= 0:
        return Arrival.WHOLE
    return Arrival.PARTIAL if missing + len(data) <= WAITED_BYTES else Arrival.OPEN


def is_bare(data: bytes) -> bool:
    """Whether this begins with a whole request that can't have a body."""
    head = data.find(_END_OF_HEAD)
    return head >= 0 and not _FRAMING.search(data, 0, head)


def has_head(data: bytes) -> bool:
    """Whether the client has said what it wants, so that it may be told why it doesn't get it."""
    return _END_OF_HEAD in data
