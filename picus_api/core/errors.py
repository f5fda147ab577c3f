"""What can be wrong with a value, in terms of the core."""

from collections.abc import Iterable
from itertools import takewhile


def json_pointer(path: Iterable[str | int]) -> str:
    """The JSON Pointer (RFC 6901) of a path of object names and array indexes.

    A name with half a surrogate pair can't be written: the pointer then leads to the object that has it.
    """
    writable = takewhile(_is_text, map(str, path))
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in writable)


def _is_text(step: str) -> bool:
    try:
        step.encode()
    except UnicodeEncodeError:
        return False
    return True


class BadValue(ValueError):
    """Something in a document that JSON or DynamoDB can't hold.

    The walk that meets it adds the steps of its path from the inside out: a good document pays nothing for them.
    ``located`` is false where no single value is at fault (a syntax error, say).
    """

    def __init__(self, message: str, *steps: str | int, located: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.located = located
        self._steps_outwards = list(reversed(steps))

    def within(self, step: str | int) -> "BadValue":
        """The same error, one container further out."""
        self._steps_outwards.append(step)
        return self

    @property
    def pointer(self) -> str | None:
        """Where the culprit is, as a JSON Pointer (RFC 6901), or None where no single value is at fault."""
        return json_pointer(reversed(self._steps_outwards)) if self.located else None


class BadParameter(ValueError):
    """A query parameter that is not understood.

    ``position`` is the character (from 1) where it stops to make sense, None where the whole of it is at fault.
    """

    def __init__(self, message: str, parameter: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter
        self.position = position


class BadLine(ValueError):
    """A line (from 1) of many whose item can't be stored, and the HTTP status that a single item would have had."""

    def __init__(self, line: int, message: str, pointer: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.pointer = pointer
        self.status = status
