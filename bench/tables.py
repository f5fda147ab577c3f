"""Markdown tables and the figures in them."""

import textwrap
from collections.abc import Iterable

from bench.results import Spread, spread


def prose(text: str) -> str:
    """One paragraph, wrapped."""
    return textwrap.fill(" ".join(text.split()), 118, break_long_words=False, break_on_hyphens=False)


def table(head: Iterable[str], body: Iterable[Iterable[object]]) -> str:
    """The first column to the left, the others to the right."""
    lines = [list(head), *([str(cell) for cell in line] for line in body)]
    lines.insert(1, ["---"] + ["--:"] * (len(lines[0]) - 1))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(values: Spread, digits: int = 2) -> str:
    """The median, and the quartiles in brackets."""
    return f"{values.median:,.{digits}f} ({values.low:,.{digits}f}–{values.high:,.{digits}f})"


def milliseconds(seconds: Iterable[float]) -> str:
    """The spread of some durations."""
    return shown(spread(value * 1000 for value in seconds), 0)
