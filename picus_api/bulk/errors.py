"""Why a bulk operation stops, in sentences for the operator."""


class BulkError(Exception):
    """It can't be done, or not to the end."""


class UsageError(BulkError):
    """What was asked for makes no sense: nothing was begun."""


class Interrupted(BulkError):
    """Somebody asked to stop."""


class BadRecord(BulkError):
    """A record that can't be imported, and where it is."""

    def __init__(self, source: str, line: int, message: str) -> None:
        super().__init__(f"{source}, line {line}: {message}")


class BadStream(Exception):
    """A file ends where it can't, or is damaged."""
