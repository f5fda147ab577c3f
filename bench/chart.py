"""results.svg: small panels of bars, each with its own scale."""

from html import escape

from bench import bulk, lists, throughput
from bench.cold_start import COLD
from bench.measurements import METRICS, Results, more_is_better
from bench.servers import PICUS

PANEL_WIDTH, COLUMNS, MARGIN = 430, 2, 20
BAR_HEIGHT, BAR_STEP, TITLE_HEIGHT = 18, 26, 34
LABEL_WIDTH, VALUE_WIDTH = 190, 80
OURS, THEIRS = "#1d4ed8", "#b6bec9"
_PANELS = [
    *((scenario, "rate") for scenario in (throughput.GET, throughput.PUT, throughput.GET_LATE)),
    (lists.scenario(lists.MIDDLE), "total_ms"),
    (bulk.LATE, "import_rate"),
    (COLD, "total_ms"),
]
"""Scenario and metric."""


def svg(results: Results) -> str:
    """Return the picture. A panel whose scenario was not measured is left out."""
    panels = [panel for panel in _PANELS if panel[0] in results.scenarios]
    step = TITLE_HEIGHT + MARGIN + BAR_STEP * max((len(results.scenarios[name]) for name, _ in panels), default=0)
    parts = []
    for number, (scenario, metric) in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        left, top = MARGIN + column * (PANEL_WIDTH + MARGIN), MARGIN + row * step
        title = f"{scenario}: {METRICS[metric].heading}, {'more' if more_is_better(metric) else 'less'} is better"
        parts += [f'<g transform="translate({left} {top})">', f'<text y="14" font-weight="600">{escape(title)}</text>']
        parts += [*_bars(results, scenario, metric), "</g>"]
    width, height = MARGIN + COLUMNS * (PANEL_WIDTH + MARGIN), MARGIN + step * -(-len(panels) // COLUMNS)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"
 role="img" font-size="13" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" fill="#1f2937">
<title>Picus beside its peers</title>
<rect width="{width}" height="{height}" rx="8" fill="#fff"/>
{chr(10).join(parts)}
</svg>
"""


def _bars(results: Results, scenario: str, metric: str) -> list[str]:
    values = {name: results.spread(scenario, name, metric).median for name in results.scenarios[scenario]}
    longest, space = max(values.values()), PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    lines = []
    for number, (name, value) in enumerate(values.items()):
        y, length = TITLE_HEIGHT + number * BAR_STEP, max(1.0, space * value / longest)
        style, fill = (' font-weight="600"', OURS) if name == PICUS else ("", THEIRS)
        base = f'y="{y + BAR_HEIGHT - 4}"{style}'
        lines.append(
            f'<text x="{LABEL_WIDTH - 8}" {base} text-anchor="end">{escape(name)}</text>'
            f'<rect x="{LABEL_WIDTH}" y="{y}" width="{length:.1f}" height="{BAR_HEIGHT}" rx="2" fill="{fill}"/>'
            f'<text x="{LABEL_WIDTH + length + 6:.1f}" {base}>{value:,.0f}</text>'
        )
    return lines
