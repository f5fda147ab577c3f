"""Log lines of both computes: one JSON object a line for machines, plain text on a terminal."""

import json
import logging
import re
import sys
import time
from contextvars import ContextVar
from os import urandom
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What no line shows is not collected: https://docs.python.org/3/howto/logging.html#optimization
logging._srcfile = None
logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False

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


class JsonFormatter(logging.Formatter):
    """One JSON object: time (UTC, RFC 3339), level, logger, message, request_id, and the record's extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encode(line)


class TextFormatter(logging.Formatter):
    """The same for a person: time, level, message and the extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        fields = " ".join(f"{name}={value!r}" for name, value in _fields(record).items())
        line = f"{clock} {record.levelname:<7} {record.getMessage()} {fields}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


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
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
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
