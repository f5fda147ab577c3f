"""Filters named in the logging configuration."""

import logging


class ExceptionsOnly(logging.Filter):
    """Only records that carry an exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record passes."""
        return bool(record.exc_info)
