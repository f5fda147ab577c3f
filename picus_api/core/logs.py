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
from os import urandom
from typing import Any

STDERR = 2
LINES_SECONDS = 0.02

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What no line shows is not collected: https://docs.python.org/3/howto/logging.html#optimization
logging._srcfile = None
logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False

_requests = logging.getLogger("picus.request")
_REQUEST_START = '"level": "INFO", "logger": "picus.request", "message": "request"'
_encode = json.JSONEncoder(default=str).encode
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# What the edge and well-behaved clients send; anything else would let a client write into the log.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=:-]{1,128}")


def choose_request_id(*candidates: str | None) -> str:
    """The id of a request: the first usable of the edge's X-Amz-Cf-Id and the client's X-Request-Id, or a new one.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
    """
    for value in candidates:
        if value and _REQUEST_ID.fullmatch(value):
            return value
    return urandom(16).hex()


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
        """The line."""
        line = {
            "time": _timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encode(line)

    def request_line(self, fields: dict[str, Any]) -> str:
        """What ``format`` makes of the line of a request."""
        return f'{{"time": "{_timestamp(time.time())}", {_REQUEST_START}, {_encode(fields)[1:]}'


class TextFormatter(logging.Formatter):
    """The same for a person: time, level, message and the extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        fields = " ".join(f"{name}={value!r}" for name, value in _fields(record).items())
        line = f"{clock} {record.levelname:<7} {record.getMessage()} {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class LineHandler(logging.Handler):
    """Writes lines to stderr from a thread of its own, all that came within LINES_SECONDS in one system call; warnings
    and errors at once.

    A system call in each request would cost a threaded server much more than its own time: it lets go of the
    interpreter's lock, and the thread has to wait for its turn again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._start_anew()
        os.register_at_fork(after_in_child=self._start_anew)

    def _start_anew(self) -> None:
        """In a forked process: without the parent's thread, and without its lines, which it writes itself."""
        self._lines: deque[str] = deque()
        self._some = threading.Event()
        self._writing = threading.Lock()
        self._starting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Leave the record's line to the thread."""
        try:
            self.add(self.format(record))
            if record.levelno >= logging.WARNING:
                self.flush()
        except Exception:
            self.handleError(record)

    def add(self, line: str) -> None:
        """Leave a line to the thread."""
        self._lines.append(line)
        if not self._some.is_set():
            self._some.set()
            if self._starting.acquire(blocking=False):  # for good
                threading.Thread(target=self._write_for_ever, name="log", daemon=True).start()

    def _write_for_ever(self) -> None:
        while self._some.wait():
            time.sleep(LINES_SECONDS)
            self._some.clear()
            self.flush()

    def flush(self) -> None:
        """Write what is there; at exit, too."""
        with self._writing:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            data = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
            while data:
                data = data[os.write(STDERR, data) :]


def log_request(fields: dict[str, Any]) -> None:
    """Log the line of a request; where lines are JSON without making a record, which costs more than the line."""
    if not _requests.isEnabledFor(logging.INFO):
        return
    handlers = logging.root.handlers
    if len(handlers) == 1 and isinstance(handlers[0], LineHandler) and isinstance(handlers[0].formatter, JsonFormatter):
        handlers[0].add(handlers[0].formatter.request_line(fields))
    else:
        _requests.info("request", extra=fields)


def write_json(level: str) -> None:
    """Configure this process's logging for the function, without ``logging.config``, which takes as long to load as
    the rest of logging. Replaces the runtime's own handler, which writes plain text.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("botocore").setLevel(logging.WARNING)


def configuration(log_format: str = "", level: str = "INFO") -> dict[str, Any]:
    """A ``dictConfig``. ``log_format`` is ``json``, ``text`` or empty: text on a terminal, else JSON."""
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
            # Named because gunicorn brings handlers of its own for them; the service writes its own line per request.
            "gunicorn.error": {"handlers": [], "propagate": True},
            "gunicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            # They announce at INFO where they found their configuration.
            "pynamodb": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
        },
    }
