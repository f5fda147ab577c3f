"""results.svg: small panels of bars, each with its own scale."""

from html import escape

from bench import bulk, cold_start, functions, lists, throughput
from bench.measurements import Results
from bench.servers import PICUS

PANEL_WIDTH, COLUMNS, MARGIN = 430, 2, 20
BAR_HEIGHT, BAR_STEP, TITLE_HEIGHT = 18, 26, 48
LABEL_WIDTH, VALUE_WIDTH = 190, 80
OURS, THEIRS, INK, QUIET = "#1d4ed8", "#b6bec9", "#1f2937", "#6b7280"

_MORE = "requests per second of one core; more is better"
# Scenario, metric, title, subtitle, how a value is shown.
_PANELS = [
    (throughput.GET, "rate", "Get an item", _MORE, "{:,.0f}"),
    (throughput.PUT, "rate", "Put an item of 1 KB", _MORE, "{:,.0f}"),
    (throughput.GET_LATE, "rate", f"Get, DynamoDB {throughput.LATENCY_MS} ms away", _MORE, "{:,.0f}"),
    (lists.scenario(10_000), "total_ms", "List 10,000 items", "ms for the whole list; less is better", "{:,.0f} ms"),
    (bulk.LATE, "import_rate", "Import, DynamoDB 5 ms away", "items per second; more is better", "{:,.0f}"),
    (cold_start.COLD, "total_ms", "Cold start", "ms to the end of the first delete; less is better", "{:,.0f} ms"),
]
_SHORT = {
    cold_start.PLAIN: "without TLS",
    cold_start.WHOLE_STORE: "… with the whole store",
    functions.ZAPPA_FUNCTION: "Zappa's defaults",
    functions.NOOP: "does nothing",
}


def svg(results: Results) -> str:
    """Return the picture. A panel whose scenario was not measured is left out."""
    panels = [panel for panel in _PANELS if panel[0] in results.scenarios]
    rows = [panels[first : first + COLUMNS] for first in range(0, len(panels), COLUMNS)]
    parts, top = [], MARGIN
    for row in rows:
        for column, (scenario, metric, title, subtitle, form) in enumerate(row):
            values = {name: results.median(scenario, name, metric) for name in results.scenarios[scenario]}
            left = MARGIN + column * (PANEL_WIDTH + MARGIN)
            parts += [
                f'<g transform="translate({left} {top})">',
                f'<text y="14" font-size="15" font-weight="600">{escape(title)}</text>',
                f'<text y="33" font-size="12" fill="{QUIET}">{escape(subtitle)}</text>',
                *_bars(values, form),
                "</g>",
            ]
        top += TITLE_HEIGHT + BAR_STEP * max(len(results.scenarios[panel[0]]) for panel in row) + MARGIN
    width = MARGIN + COLUMNS * (PANEL_WIDTH + MARGIN)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}"
 role="img" font-size="13"
 font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" fill="{INK}">
<title>Picus beside its peers</title>
<rect width="{width}" height="{top}" rx="8" fill="#fff"/>
{chr(10).join(parts)}
</svg>
"""


def _bars(values: dict[str, float], form: str) -> list[str]:
    longest, space = max(values.values()), PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    lines = []
    for number, (name, value) in enumerate(values.items()):
        y, length = TITLE_HEIGHT + number * BAR_STEP, max(1.0, space * value / longest)
        style, fill = (' font-weight="600"', OURS) if name == PICUS else ("", THEIRS)
        base = f'y="{y + BAR_HEIGHT - 4}"{style}'
        lines.append(
            f'<text x="{LABEL_WIDTH - 8}" {base} text-anchor="end">{escape(_SHORT.get(name, name))}</text>'
            f'<rect x="{LABEL_WIDTH}" y="{y}" width="{length:.1f}" height="{BAR_HEIGHT}" rx="2" fill="{fill}"/>'
            f'<text x="{LABEL_WIDTH + length + 6:.1f}" {base}>{escape(form.format(value))}</text>'
        )
    return lines
