"""JSON for people, its values untouched: it is never parsed, so nothing is rounded."""

import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]\s*[\]}]|[\[\]{},:]|[^\s"\[\]{},:]+')


def indented(text: str) -> str:
    """The same JSON over several lines."""
    lines, depth = [""], 0
    for token in map(re.Match.group, _TOKEN.finditer(text)):
        if token in ("]", "}"):
            depth -= 1
            lines.append("  " * depth)
        lines[-1] += ": " if token == ":" else token
        if token in ("[", "{"):
            depth += 1
        if token in ("[", "{", ","):
            lines.append("  " * depth)
    return "\n".join(lines)
