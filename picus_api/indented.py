"""JSON and keys for people, values untouched: JSON is never parsed, so nothing is rounded."""

import json
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]\s*[\]}]|[\[\]{},:]|[^\s"\[\]{},:]+')
# The controls of Unicode's bidirectional algorithm (UAX 9), which show what is around them in another order.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The same with controls of the writing direction as ``\\u202e``; of JSON text, equal JSON."""
    return _DIRECTIONS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def visible_key(key: str) -> str:
    """A key as it can be seen and clicked: a JSON string if it is nothing but white space and the like."""
    seen = any(character.isprintable() and not character.isspace() for character in key)
    return visible(key) if seen else json.dumps(key)


def indented(text: str) -> str:
    """Equal JSON over several lines, and nothing in it that would turn their direction."""
    lines, depth = [""], 0
    for token in map(re.Match.group, _TOKEN.finditer(visible(text))):
        if token in ("]", "}"):
            depth -= 1
            lines.append("  " * depth)
        lines[-1] += ": " if token == ":" else token
        if token in ("[", "{"):
            depth += 1
        if token in ("[", "{", ","):
            lines.append("  " * depth)
    return "\n".join(lines)
