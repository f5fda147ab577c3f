"""The parts that filters and projections share: attribute paths as text, and DynamoDB's placeholders for them.

A path is names joined by dots, ``a.b``. A name with other characters than letters, digits, ``_`` and ``-`` is a JSON
string, ``a."b.c"``. Every name is sent as a placeholder, so that DynamoDB's reserved words can be names.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from picus_api.core.errors import BadParameter, BadValue
from picus_api.core.values.attribute_values import MAX_DEPTH, AttributeValue
from picus_api.core.values.from_json import attribute_value_at

AttributePath = tuple[str, ...]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
MAX_EXPRESSION_BYTES = 4096

_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[\w-]+")


@dataclass
class Placeholders:
    """Collect the names and values of a request's expressions under placeholders."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, AttributeValue] = field(default_factory=dict)
    _by_name: dict[str, str] = field(default_factory=dict)

    def path(self, path: AttributePath) -> str:
        """Return the document path with placeholders."""
        return ".".join(map(self._name, path))

    def value(self, value: AttributeValue) -> str:
        """Return a new placeholder for the value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def _name(self, name: str) -> str:
        placeholder = self._by_name.setdefault(name, f"#n{len(self._by_name)}")
        self.names[placeholder] = name
        return placeholder

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the request. Empty maps are left out: DynamoDB refuses them."""
        found = {"ExpressionAttributeNames": self.names, "ExpressionAttributeValues": self.values}
        return {name: content for name, content in found.items() if content}


class Reader:
    """Read a query parameter from left to right. Errors name the character (from 1) at which it stops to make sense."""

    def __init__(self, parameter: str, text: str) -> None:
        self.parameter = parameter
        self.text = text
        self.at = 0
        self.skip_space()

    def skip_space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def take(self, pattern: "re.Pattern[str]") -> str | None:
        """Return the text that matches at this position, and skip it and the space after it; None without a match."""
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        self.skip_space()
        return match[0]

    def at_end(self) -> bool:
        return self.at == len(self.text)

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        """Raise BadParameter for this position, or for position ``at``."""
        position = (self.at if at is None else at) + 1
        found = "" if position <= len(self.text) else ", where it ends"
        sentence = f"The parameter {self.parameter} is wrong at character {position}{found}: {reason}"
        raise BadParameter(sentence, self.parameter, position)

    def value(self) -> AttributeValue:
        """Read a JSON value. Raises BadParameter."""
        start = self.at
        try:
            value, self.at = attribute_value_at(self.text, start)
        except json.JSONDecodeError as error:
            self.fail("a JSON value is expected here, a text in double quotes.", error.pos)
        except BadValue as error:
            self.fail(error.message, start)
        self.skip_space()
        return value

    def path(self) -> AttributePath:
        """Read an attribute path. Raises BadParameter."""
        start = self.at
        steps = [self._name()]
        while self.text.startswith(".", self.at):
            self.at += 1
            steps.append(self._name())
        if len(steps) > MAX_DEPTH:
            self.fail(f"no item has more than {MAX_DEPTH} levels.", start)
        self.skip_space()
        return tuple(steps)

    def _name(self) -> str:
        start = self.at
        word = _WORD.match(self.text, start)
        if word:
            self.at = word.end()
            return word[0]
        if not self.text.startswith('"', start):
            self.fail("an attribute name is expected here, in double quotes if it is not a simple word.")
        try:
            value, self.at = attribute_value_at(self.text, start)
        except (json.JSONDecodeError, BadValue):
            self.fail("this is not a name in double quotes, written as a JSON string.", start)
        name: str = value["S"]
        return name or self.fail("an attribute name must not be empty.", start)
