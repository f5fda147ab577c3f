"""results.svg: small panels of bars, each with its own scale."""

from html import escape

from bench import bulk, lists, throughput
from bench.checkouts import PICUS
from bench.cold_start import COLD
from bench.measurements import HEADINGS, Results, more_is_better

PANEL_WIDTH, COLUMNS, MARGIN = 430, 2, 20
BAR_HEIGHT, BAR_STEP, TITLE_HEIGHT = 18, 26, 34
LABEL_WIDTH, LONGEST_BAR = 190, 160
OURS, THEIRS = "#1d4ed8", "#b6bec9"
_PANELS = [
    *((scenario, "rate") for scenario in (throughput.GET, throughput.PUT, throughput.GET_WITH_LATENCY)),
    (lists.scenario(lists.MIDDLE), "total_ms"),
    (bulk.WITH_LATENCY, "import_rate"),
    (COLD, "total_ms"),
]
"""Scenario and metric."""


def svg(results: Results) -> str:
    """Return the picture. A panel whose scenario was not measured is left out."""
    panels = [(name, metric) for name, metric in _PANELS if name in results.scenarios]
    step = TITLE_HEIGHT + MARGIN + BAR_STEP * max((len(results.scenarios[name]) for name, _ in panels), default=0)
    width, height = COLUMNS * (PANEL_WIDTH + MARGIN) + MARGIN, -(-len(panels) // COLUMNS) * step + MARGIN
    drawn = []
    for number, panel in enumerate(panels):
        row, column = divmod(number, COLUMNS)
        place = f"translate({MARGIN + column * (PANEL_WIDTH + MARGIN)} {MARGIN + row * step})"
        drawn.append(f'<g transform="{place}">\n{_panel(results, *panel)}\n</g>')
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"
 role="img" font-size="13" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" fill="#1f2937">
<title>Picus beside its peers</title>
<rect width="{width}" height="{height}" rx="8" fill="#fff"/>
{chr(10).join(drawn)}
</svg>
"""


def _panel(results: Results, scenario: str, metric: str) -> str:
    values = {name: results.spread(scenario, name, metric).median for name in results.scenarios[scenario]}
    title = f"{scenario}: {HEADINGS[metric]}, {'more' if more_is_better(metric) else 'less'} is better"
    lines = [f'<text y="14" font-weight="600">{escape(title)}</text>']
    for number, (name, value) in enumerate(values.items()):
        y, length = TITLE_HEIGHT + number * BAR_STEP, max(1, LONGEST_BAR * value / max(values.values()))
        base, fill = f'y="{y + BAR_HEIGHT - 4}"', OURS if name == PICUS else THEIRS
        lines += [
            f'<text x="{LABEL_WIDTH - 8}" {base} text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABEL_WIDTH}" y="{y}" width="{length:.1f}" height="{BAR_HEIGHT}" rx="2" fill="{fill}"/>',
            f'<text x="{LABEL_WIDTH + length + 6:.1f}" {base}>{value:,.0f}</text>',
        ]
    return "\n".join(lines)
