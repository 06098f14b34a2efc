"""Horizontal bars as an SVG that reads on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from benchmarks.table import NAMES

WIDTH = 760
LABEL = 230
BAR = 18
GAP = 6
HEAD = 46
PANELS = (
    ("enqueue_per_second", "One enqueue in its own transaction, jobs a second"),
    ("bulk_per_second", "Enqueueing in bulk (a loop where there is no bulk call), jobs a second"),
    ("drain_per_second", "Running no-op jobs with two processes, jobs a second"),
)
DURABLE = {"fikiri", "celery_django_results", "celery_django_kept", "procrastinate", "django_tasks_db"}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 } .small { font-size: 12px }
.ours { fill: #1f6feb } .durable { fill: #57ab5a } .other { fill: #9aa4af }
@media (prefers-color-scheme: dark) { text { fill: #d0d7de } .other { fill: #6e7681 } }
"""


def svg(figures: Mapping[str, Any]) -> str:
    """The three rates of every queue. Coloured: those that keep results in a database."""
    peers = figures["peers"]
    height = len(PANELS) * (HEAD + len(peers) * (BAR + GAP)) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Fikiri beside other queues"><style>{STYLE}</style>'
    ]
    top = 0
    for key, title in PANELS:
        parts += _panel(top, title, [(name, row[key]) for name, row in peers.items()])
        top += HEAD + len(peers) * (BAR + GAP)
    parts.append(
        f'<text class="small" x="8" y="{height - 8}">Blue: Fikiri. Green: also keeps results in a database. '
        "Grey: nothing durable but Redis.</text></svg>"
    )
    return "\n".join(parts) + "\n"


def _panel(top: int, title: str, values: Sequence[tuple[str, float]]) -> list[str]:
    most = max(value for _, value in values)
    parts = [f'<text class="title" x="8" y="{top + 30}">{escape(title)}</text>']
    for index, (name, value) in enumerate(sorted(values, key=lambda each: -each[1])):
        y = top + HEAD + index * (BAR + GAP)
        width = max(1.0, (WIDTH - LABEL - 80) * value / most)
        kind = "ours" if name == "fikiri" else "durable" if name in DURABLE else "other"
        label = escape(NAMES[name].strip("*"))
        parts += [
            f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{label}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>',
            f'<text class="small" x="{LABEL + width + 6:.1f}" y="{y + 13}">{value:,.0f}</text>',
        ]
    return parts
