"""Show JSON and keys to people. JSON is never parsed, so that nothing is rounded."""

import json
import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]\s*[\]}]|[\[\]{},:]|[^\s"\[\]{},:]+')
# The control characters of Unicode's bidirectional algorithm (UAX 9), which change the order of the text around them.
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def escape_bidi(text: str) -> str:
    """Return the text with bidirectional control characters escaped (``\\u202e``). JSON text stays equal JSON."""
    return _BIDI_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escape_key(key: str) -> str:
    """Return a key as people can see and click it: as a JSON string if it has no visible character."""
    seen = any(character.isprintable() and not character.isspace() for character in key)
    return escape_bidi(key) if seen else json.dumps(key)


def indent_json(text: str) -> str:
    """Return equal JSON over several lines, with bidirectional control characters escaped."""
    lines, depth = [""], 0
    for token in map(re.Match.group, _TOKEN.finditer(escape_bidi(text))):
        if token in ("]", "}"):
            depth -= 1
            lines.append("  " * depth)
        lines[-1] += ": " if token == ":" else token
        if token in ("[", "{"):
            depth += 1
        if token in ("[", "{", ","):
            lines.append("  " * depth)
    return "\n".join(lines)
