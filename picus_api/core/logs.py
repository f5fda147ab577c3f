"""Log lines of both computes: one JSON object a line for machines, plain text on a terminal."""

import json
import logging
import os
import re
import sys
import threading
import time
from collections import deque
from contextvars import ContextVar
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from os import urandom
from typing import Any

STDERR = 2
LINES_SECONDS = 0.02
"""How long lines are collected before one system call writes them."""
MAX_QUEUED_LINES = 10_000
"""Lines that wait for stderr. Later lines are counted and dropped: a blocked stderr must not use up the memory."""

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
trace: ContextVar[dict[str, str] | None] = ContextVar("trace", default=None)
"""What `trace_fields` returned for the current request."""

# Don't collect what no line shows: https://docs.python.org/3/howto/logging.html#optimization
logging._srcfile = None
logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False

_requests, _changes = logging.getLogger("picus.request"), logging.getLogger("picus.audit")
_encode = json.JSONEncoder(default=str).encode
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Wherever a client puts its token, for example into a path, no log line has the secret.
_TOKEN = r"(picus_[0-9A-Za-z]{8}_)[0-9A-Za-z]{16,}"
# The ids of the edge and of well-behaved clients. Other characters would let a client write into the log.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=:-]{1,128}")
_AMZN_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def choose_request_id(*candidates: str | None) -> str:
    """Return the id of a request: the first valid candidate (X-Amz-Cf-Id of the edge, X-Request-Id), or a new one.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
    """
    for value in candidates:
        if value and _REQUEST_ID.fullmatch(value):
            return value
    return urandom(16).hex()


def redact(text: str) -> str:
    """Return the text without the secrets of tokens."""
    # Compiled at need: most lines have no token, and the function must start fast.
    return re.sub(_TOKEN, r"\1***", text) if "picus_" in text else text


def trace_fields(amzn_trace_id: str | None, traceparent: str | None) -> dict[str, str]:
    """Return the ids of a request's traces, for its log lines: `xray_trace_id` and `trace_id`, if the request has them.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    fields = {}
    if amzn_trace_id and (root := _AMZN_ROOT.search(amzn_trace_id[:512])):
        fields["xray_trace_id"] = root[1]
    if traceparent and (parent := _TRACEPARENT.fullmatch(traceparent[:512])) and parent[1].strip("0"):
        fields["trace_id"] = parent[1]
    return fields


def _json_value(value: Any) -> str:
    """Return the JSON of a value. Strings and numbers, which most values are, need no encoder object."""
    if type(value) is str:
        return encode_basestring_ascii(value)
    return str(value) if type(value) in (int, float) else _encode(value)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _timestamp(seconds: float) -> str:
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z"


class JsonFormatter(logging.Formatter):
    """One JSON object: time (UTC, RFC 3339), level, logger, message, request_id, and the record's extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **(trace.get() or {}),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(_encode(line))

    def info_line(self, logger: str, message: str, fields: dict[str, Any]) -> str:
        """Return the line that ``format`` would make of a record with these fields, request_id among them."""
        start = f'"level": "INFO", "logger": "{logger}", "message": "{message}"'
        traced = {**(trace.get() or {}), **fields}
        members = ", ".join([f'"{name}": {_json_value(value)}' for name, value in traced.items()])
        return redact(f'{{"time": "{_timestamp(time.time())}", {start}, {members}}}')


class TextFormatter(logging.Formatter):
    """Text for people: local time, level, message and the extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        extra = _fields(record)
        # Metrics are for machines.
        extra.pop("_aws", None)
        # Last, as it is long and tells people least.
        identifier = extra.pop("request_id", request_id.get())
        if identifier:
            extra["request_id"] = identifier
        fields = " ".join(f"{name}={value!r}" for name, value in extra.items())
        line = f"{clock} {record.levelname:<7} {record.getMessage()} {fields}".rstrip()
        return redact(f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line)


class LineHandler(logging.Handler):
    """Write lines to stderr from a thread: one system call for all lines of LINES_SECONDS, warnings at once.

    A system call in each request would cost much more than its own time: it releases the interpreter's lock, and the
    thread must wait for it again. When stderr fails, lines are lost; their number is logged once it works again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reset_after_fork()
        os.register_at_fork(after_in_child=self._reset_after_fork)

    def _reset_after_fork(self) -> None:
        """Start without the parent's thread, and without the parent's lines, which the parent writes."""
        self._lines: deque[str] = deque()
        self._some, self._urgent = threading.Event(), threading.Event()
        self._writing, self._counting, self._starting = threading.Lock(), threading.Lock(), threading.Lock()
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line."""
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        if record.levelno >= logging.WARNING:
            self._urgent.set()
        self.add(line)

    def add(self, line: str) -> None:
        """Queue a line for the writing thread, or drop and count it if the queue is full."""
        if len(self._lines) >= MAX_QUEUED_LINES:
            self._lose(1)
            return
        self._lines.append(line)
        if not self._some.is_set():
            self._some.set()
            if self._starting.acquire(blocking=False):
                threading.Thread(target=self._write_forever, name="log", daemon=True).start()

    def flush(self) -> None:
        """Write the queued lines. Runs at exit too."""
        with self._writing:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            lost = self._take_lost() if lines else 0
            report = [_lost_line(self.formatter, lost)] if self.formatter and lost else []
            data = "".join(f"{line}\n" for line in report + lines).encode(errors="backslashreplace")
            try:
                while data:
                    data = data[os.write(STDERR, data) :]
            except OSError:
                unwritten = data.count(b"\n")
                self._lose(lost + len(lines) if unwritten > len(lines) else unwritten)

    def _write_forever(self) -> None:
        while self._some.wait():
            self._urgent.wait(LINES_SECONDS)
            self._urgent.clear()
            self._some.clear()
            self.flush()

    def _lose(self, lines: int) -> None:
        with self._counting:
            self._lost += lines

    def _take_lost(self) -> int:
        with self._counting:
            lost, self._lost = self._lost, 0
        return lost


def _lost_line(formatter: logging.Formatter, lost: int) -> str:
    about = {"name": "picus.logs", "levelname": "WARNING", "levelno": logging.WARNING}
    return formatter.format(logging.makeLogRecord({**about, "msg": "log lines were lost", "lost": lost}))


def log_request(fields: dict[str, Any]) -> None:
    """Log the line of a request."""
    _log_info(_requests, "request", fields)


def log_change(fields: dict[str, Any]) -> None:
    """Log the line of a change of items, tokens or the read-only switch: see docs/operate.md."""
    _log_info(_changes, "change", fields)


def _log_info(logger: logging.Logger, message: str, fields: dict[str, Any]) -> None:
    """Log a line at INFO. For JSON lines no log record is made: a record costs more than the line."""
    if not logger.isEnabledFor(logging.INFO):
        return
    handlers = logging.root.handlers
    if len(handlers) == 1 and isinstance(handlers[0], LineHandler) and isinstance(handlers[0].formatter, JsonFormatter):
        handlers[0].add(handlers[0].formatter.info_line(logger.name, message, fields))
    else:
        logger.info(message, extra=fields)


def write_json(level: str) -> None:
    """Configure the function's logging, in place of the runtime's handler, which writes plain text.

    ``logging.config`` is not used: its import takes as long as the import of all the rest of logging.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    _changes.setLevel(logging.INFO)


def configuration(log_format: str = "", level: str = "INFO") -> dict[str, Any]:
    """Return a ``dictConfig``. ``log_format`` is ``json``, ``text`` or empty: text on a terminal, else JSON."""
    if not log_format:
        log_format = "text" if sys.stderr.isatty() else "json"
    formatter = TextFormatter if log_format == "text" else JsonFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"()": LineHandler, "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # gunicorn would add handlers to these loggers. The service writes its own line for each request.
            "gunicorn.error": {"handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            # LOG_LEVEL does not switch the audit off.
            "picus.audit": {"level": "INFO"},
            # At INFO they report where they found their configuration.
            "pynamodb": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
        },
    }
