"""results.svg: small panels of bars, each with a scale of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from bench import packages
from bench.results import Results, spread
from bench.scenarios import TARGET_DELAY_MS
from bench.servers import PICUS
from bench.targets import GET_DELAYED, LIST_SIZE

PANEL_WIDTH, COLUMNS, MARGIN = 430, 2, 20
BAR_HEIGHT, BAR_STEP, TITLE_HEIGHT = 18, 26, 48
LABEL_WIDTH, VALUE_WIDTH = 190, 80
OURS, THEIRS, INK, QUIET = "#1d4ed8", "#b6bec9", "#1f2937", "#6b7280"


@dataclass(frozen=True)
class Bar:
    """One bar and what stands at its end."""

    name: str
    value: float
    text: str
    ours: bool


@dataclass(frozen=True)
class Panel:
    """Bars of one kind."""

    title: str
    subtitle: str
    bars: list[Bar]


def svg(results: Results) -> str:
    """The picture of what was measured."""
    panels = [*_load_panels(results), *_list_panels(results), *_cold_panels(results)]
    rows = [panels[first : first + COLUMNS] for first in range(0, len(panels), COLUMNS)]
    parts, top = [], MARGIN
    for row in rows:
        for column, panel in enumerate(row):
            parts.append(_drawn(panel, MARGIN + column * (PANEL_WIDTH + MARGIN), top))
        top += max(_height(panel) for panel in row) + MARGIN
    width = MARGIN + COLUMNS * (PANEL_WIDTH + MARGIN)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}"
 width="{width}" height="{top}" role="img" font-size="13"
 font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">
<title>Picus beside its peers</title>
<rect width="{width}" height="{top}" rx="8" fill="#fff"/>
{chr(10).join(parts)}
</svg>
"""


def _height(panel: Panel) -> int:
    return TITLE_HEIGHT + BAR_STEP * len(panel.bars)


def _drawn(panel: Panel, left: int, top: int) -> str:
    longest = max(bar.value for bar in panel.bars)
    space = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    lines = [
        f'<g transform="translate({left} {top})">',
        f'<text y="14" font-size="15" font-weight="600" fill="{INK}">{escape(panel.title)}</text>',
        f'<text y="33" font-size="12" fill="{QUIET}">{escape(panel.subtitle)}</text>',
    ]
    for number, bar in enumerate(panel.bars):
        y, length = TITLE_HEIGHT + number * BAR_STEP, max(1.0, space * bar.value / longest)
        weight = ' font-weight="600"' if bar.ours else ""
        middle = y + BAR_HEIGHT - 4
        lines += [
            f'<text x="{LABEL_WIDTH - 8}" y="{middle}" text-anchor="end" fill="{INK}"{weight}>'
            f"{escape(bar.name)}</text>",
            f'<rect x="{LABEL_WIDTH}" y="{y}" width="{length:.1f}" height="{BAR_HEIGHT}" rx="2" '
            f'fill="{OURS if bar.ours else THEIRS}"/>',
            f'<text x="{LABEL_WIDTH + length + 6:.1f}" y="{middle}" fill="{INK}"{weight}>{escape(bar.text)}</text>',
        ]
    return "\n".join([*lines, "</g>"])


def _bars(values: dict[str, float], shown: Callable[[float], str]) -> list[Bar]:
    return [Bar(name, value, shown(value), name == PICUS) for name, value in values.items()]


def _load_panels(results: Results) -> list[Panel]:
    titles = {
        "get": ("Get an item", "requests per second of one core; more is better"),
        "put": ("Put an item of 1 KB", "requests per second of one core; more is better"),
        GET_DELAYED: (f"Get, DynamoDB {TARGET_DELAY_MS} ms away", "requests per second of one core; more is better"),
    }
    made = []
    for name, (title, subtitle) in titles.items():
        if name in results.load:
            rates = {peer: spread(w.rate for w in windows).median for peer, windows in results.load[name].items()}
            made.append(Panel(title, subtitle, _bars(rates, lambda rate: f"{rate:,.0f}")))
    return made


def _list_panels(results: Results) -> list[Panel]:
    if LIST_SIZE not in results.lists:
        return []
    seconds = {name: spread(f.seconds for f in fetched).median for name, fetched in results.lists[LIST_SIZE].items()}
    peaks = [
        Bar(f"{int(size):,} items", of_size[PICUS], f"{of_size[PICUS]:.0f} MB", True)
        for size, of_size in results.list_peaks.items()
    ]
    return [
        Panel("List 10,000 items", "seconds for all of it; less is better", _bars(seconds, lambda s: f"{s:.2f} s")),
        Panel("Memory of a list", "peak of Picus's worker; flat is good", peaks),
    ]


def _cold_panels(results: Results) -> list[Panel]:
    if not results.cold:
        return []
    labels = {
        packages.PICUS: "Picus",
        packages.ZAPPA_FUNCTION: "Zappa's defaults",
        packages.ZAPPA_PYNAMODB: "… with plain PynamoDB",
        packages.FLOOR: "a handler that does nothing",
    }
    totals = {labels[name]: spread(s.total for s in starts).median * 1000 for name, starts in results.cold.items()}
    return [
        Panel(
            "Cold start of the delete function",
            "ms to the end of the first delete; less is better",
            _bars(totals, lambda ms: f"{ms:.0f} ms"),
        ),
    ]
