"""Errors of imports and exports. Their messages are for the operator."""


def file_problem(error: OSError) -> str:
    """Return why a file can't be used, in words and with its name, without the number of the error."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename is not None else reason


class BulkError(Exception):
    """The import or export can't be completed."""


class UsageError(BulkError):
    """The command line or the files are wrong, so that nothing was started."""


class Interrupted(BulkError):
    """The operator stopped the command."""


class BadRecord(BulkError):
    """A record that can't be imported. The message starts with its file and line."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}, line {line}: {message}")


class DamagedData(Exception):
    """The bytes of a file are damaged or end too early."""


class MalformedText(Exception):
    """The text of a file can't be split into records from this line on."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
