"""Charts as plain SVG. Colours come from the style sheet; what a chart shows is also a table for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.throughput import Point

WIDTH, HEIGHT = 600, 80
GAP = 0.2  # of a bar's width


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


def throughput_chart(name: str, points: Sequence[Point], period: str) -> SafeString:
    """Jobs that ended in each step: a bar each, the failed ones at its foot."""
    most = max((point.ended for point in points), default=0)
    ended, failed = sum(point.ended for point in points), sum(point.failed for point in points)
    told = f"{ended:,} jobs of {name} ended in the last {period}, {failed:,} of them failed; at most {most:,} at once."
    return format_html(
        '<figure class="jobs-chart"><svg viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img" '
        'aria-labelledby="chart-{name}-title chart-{name}-desc">'
        '<title id="chart-{name}-title">Jobs of {name} that ended</title><desc id="chart-{name}-desc">{told}</desc>'
        "{good}{bad}</svg>{scale}{table}</figure>",
        w=WIDTH,
        h=HEIGHT,
        name=name,
        told=told,
        good=_bars("jobs-bar-good", [_bar(points, at, point.ended, most) for at, point in enumerate(points)]),
        bad=_bars("jobs-bar-bad", [_bar(points, at, point.failed, most) for at, point in enumerate(points)]),
        scale=_scale(points, most, period),
        table=_table(name, points, period),
    )


def _bar(points: Sequence[Point], at: int, count: int, most: int) -> Bar:
    step = WIDTH / len(points)
    height = HEIGHT * count / most if most else 0.0
    if count:
        height = max(height, 1.5)  # one of thousands is still to be seen
    return Bar(at * step + step * GAP / 2, HEIGHT - height, step * (1 - GAP), height)


def _bars(kind: str, bars: Sequence[Bar]) -> SafeString:
    seen = [(kind, f"{bar.x:.1f}", f"{bar.y:.1f}", f"{bar.width:.1f}", f"{bar.height:.1f}") for bar in bars]
    return format_html_join(
        "", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>', [bar for bar in seen if bar[4] != "0.0"]
    )


def _scale(points: Sequence[Point], most: int, period: str) -> SafeString:
    first, last = (_time(points[0], period), _time(points[-1], period)) if points else ("", "")
    return format_html(
        '<figcaption class="jobs-scale"><span>{}</span><span>at most {}</span><span>{}</span></figcaption>',
        first,
        f"{most:,}",
        last,
    )


def _table(name: str, points: Sequence[Point], period: str) -> SafeString:
    rows = [(_time(point, period), point.ended, point.failed) for point in points if point.ended]
    return format_html(
        '<table class="jobs-unseen"><caption>Jobs of {} that ended</caption><thead><tr><th scope="col">From</th>'
        '<th scope="col">Ended</th><th scope="col">Failed</th></tr></thead><tbody>{}</tbody></table>',
        name,
        format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows),
    )


def _time(point: Point, period: str) -> str:
    local = timezone.localtime(point.at)
    return f"{local:%a %H:%M}" if period == "week" else f"{local:%H:%M}"
