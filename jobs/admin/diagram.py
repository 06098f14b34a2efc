"""A job's way through its states, as SVG: where it has been, for how long, and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.history import History
from jobs.models import FINAL, JobStatus
from jobs.wording import span

WIDE, HIGH, GAP = 140, 44, 16
COLUMNS = (10, 240, 470)
ENDS = (*FINAL, JobStatus.IN_DOUBT)


@dataclass(frozen=True)
class Box:
    status: str
    x: int
    y: int

    @property
    def middle(self) -> int:
        return self.y + HIGH // 2


def diagram(history: History) -> SafeString:
    """The states that matter to this job: the three that it passes, and the ends that it has come to."""
    seen = {spell.status for spell in history.spells}
    boxes = _boxes([status.value for status in ENDS if status in seen] or [JobStatus.COMPLETED.value])
    height = max(box.y for box in boxes.values()) + HIGH + 2 * GAP
    ways = [(one.status, other.status) for one, other in pairwise(history.spells)]
    return format_html(
        '<svg class="jobs-states" viewBox="0 0 {} {}" role="img" aria-labelledby="states-title states-desc">'
        '<title id="states-title">The states of this job</title><desc id="states-desc">{}</desc>'
        '<defs><marker id="jobs-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path class="jobs-tip" d="M0 0L8 4L0 8z"></path></marker></defs>{}{}</svg>',
        COLUMNS[-1] + WIDE + 10,
        height,
        _told(history),
        format_html_join("", "{}", ((_arrow(boxes, way, ways.count(way)),) for way in dict.fromkeys(ways))),
        format_html_join("", "{}", ((_drawn(box, history),) for box in boxes.values())),
    )


def _boxes(ends: Sequence[str]) -> dict[str, Box]:
    step = HIGH + GAP
    waits = [Box("pending", COLUMNS[0], GAP), Box("processing", COLUMNS[1], GAP)]
    retries = Box("retrying", COLUMNS[1], GAP + step + GAP)
    return {box.status: box for box in (*waits, retries, *(
        Box(status, COLUMNS[2], GAP + number * step) for number, status in enumerate(ends)
    ))}  # fmt: skip


def _arrow(boxes: dict[str, Box], way: tuple[str, str], times: int) -> SafeString:
    start, end = boxes[way[0]], boxes[way[1]]
    label = f"{times} times" if times > 1 else ""
    return format_html(
        '<path class="jobs-way" marker-end="url(#jobs-arrow)" d="{}"></path>'
        '<text class="jobs-times" x="{}" y="{}">{}</text>',
        _line(start, end),
        (start.x + end.x + WIDE) // 2 + 16,
        (start.middle + end.middle) // 2 - 4,
        label,
    )


def _line(start: Box, end: Box) -> str:
    if start.x < end.x:
        bend = (start.x + WIDE + end.x) // 2
        return f"M{start.x + WIDE} {start.middle}C{bend} {start.middle} {bend} {end.middle} {end.x} {end.middle}"
    if start.x == end.x:  # between running and waiting for the next try
        down = start.y < end.y
        x = start.x + WIDE // 2 + (-14 if down else 14)
        return f"M{x} {start.y + HIGH if down else start.y}L{x} {end.y if down else end.y + HIGH}"
    foot = max(start.y, end.y) + HIGH + GAP  # back to where it waits, below everything
    sx, ex = start.x + WIDE // 2, end.x + WIDE // 2
    return f"M{sx} {start.y + HIGH}C{sx} {foot + GAP} {ex} {foot + GAP} {ex} {end.y + HIGH}"


def _drawn(box: Box, history: History) -> SafeString:
    totals = history.totals
    now = history.spells[-1].status == box.status
    kind = f"jobs-state jobs-{box.status}" if box.status in totals else "jobs-state jobs-never"
    spent = span(totals[box.status]) if totals.get(box.status) else ""
    return format_html(
        '<g class="{}{}"><rect x="{}" y="{}" width="{}" height="{}" rx="8"></rect>'
        '<text x="{}" y="{}">{}</text><text class="jobs-spent" x="{}" y="{}">{}</text></g>',
        kind,
        " jobs-now" if now else "",
        box.x,
        box.y,
        WIDE,
        HIGH,
        box.x + WIDE // 2,
        box.middle + (-2 if spent else 5),
        box.status.replace("_", " "),
        box.x + WIDE // 2,
        box.middle + 14,
        spent,
    )


def _told(history: History) -> str:
    parts = [f"{spell.status.replace('_', ' ')} for {span(spell.seconds)}" for spell in history.spells if spell.seconds]
    last = history.spells[-1].status.replace("_", " ")
    return f"{', then '.join(parts)}. It is {last} now." if parts else f"It is {last} now."
