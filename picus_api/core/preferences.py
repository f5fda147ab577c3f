"""Parse the header field Prefer (RFC 7240)."""

import re

APPLIED = "Preference-Applied"

# A preference, with its value and its parameters, which mean nothing here.
_PREFERENCE = re.compile(r'([\w!#$%&\'*+.^`|~-]+)(?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s,;"]*))?', re.ASCII)
_SEPARATOR = re.compile(r'"(?:[^"\\]|\\.)*"|(,)')


def parse_prefer(field: str | None) -> dict[str, str]:
    """Return the values of preferences by their names in lower case; "" without a value. The first of a name counts."""
    found: dict[str, str] = {}
    for part in _parts(field or ""):
        if match := _PREFERENCE.match(part):
            value = match[2] or ""
            text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
            found.setdefault(match[1].lower(), text)
    return found


def _parts(field: str) -> list[str]:
    """Return the preferences of a field: the text between commas, but for commas in quotes."""
    ends = [match.start() for match in _SEPARATOR.finditer(field) if match[1]]
    return [field[start:end].strip() for start, end in zip([0, *(end + 1 for end in ends)], [*ends, None], strict=True)]
