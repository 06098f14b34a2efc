"""Charts as plain SVG. Colours come from the style sheet; what a chart shows is also a table for who cannot see it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.admin.display import spanned
from jobs.statistics import BOUNDS
from jobs.throughput import Point

WIDTH, HEIGHT = 600, 80
GAP = 0.2  # of a bar's width
LEAST = 1.5  # of a bar's height: one of thousands is still to be seen


@dataclass(frozen=True)
class Layer:
    """What one colour shows of each point: its name in the table, its part of the whole height, and its words."""

    colour: str
    name: str
    part: Callable[[Point], float]
    words: Callable[[Point], str]


def of_queue(name: str, points: Sequence[Point], period: str) -> SafeString:
    """What ended, how long it had waited, and how long it ran."""
    return throughput_chart(name, points, period) + wait_chart(name, points, period) + run_chart(name, points, period)


def throughput_chart(name: str, points: Sequence[Point], period: str) -> SafeString:
    """Jobs that ended in each step: a bar each, the failed ones at its foot."""
    most = max((point.ended for point in points), default=0) or 1
    ended, failed = sum(point.ended for point in points), sum(point.failed for point in points)
    told = f"{ended:,} jobs of {name} ended in the last {period}, {failed:,} of them failed; at most {most:,} at once."
    layers = (
        Layer("good", "Ended", lambda point: point.ended / most, lambda point: str(point.ended)),
        Layer("bad", "Failed", lambda point: point.failed / most, lambda point: str(point.failed)),
    )
    return _chart("Ended", name, told, layers, points, period, f"at most {most if ended else 0:,}")


def wait_chart(name: str, points: Sequence[Point], period: str) -> SafeString:
    return _times_chart("Waited", name, points, period, lambda point: (point.wait_median, point.wait_95))


def run_chart(name: str, points: Sequence[Point], period: str) -> SafeString:
    return _times_chart("Ran", name, points, period, lambda point: (point.run_median, point.run_95))


def _times_chart(
    title: str,
    name: str,
    points: Sequence[Point],
    period: str,
    times: Callable[[Point], tuple[float | None, float | None]],
) -> SafeString:
    """The times below which half of a step's jobs stayed, and 95 of 100. Their heights rise with the logarithm."""
    longest = max((most for _, most in map(times, points) if most is not None), default=None)
    told = f"{title}, jobs of {name} in the last {period}: 95 % at most {spanned(longest)}." if longest else "None."
    layers = (
        Layer("most", "95 %", lambda point: _level(times(point)[1]), lambda point: spanned(times(point)[1])),
        Layer("half", "Median", lambda point: _level(times(point)[0]), lambda point: spanned(times(point)[0])),
    )
    return _chart(title, name, told, layers, points, period, f"95 % within {spanned(longest)}" if longest else "")


def _level(seconds: float | None) -> float:
    return 0.0 if seconds is None else (bisect_left(BOUNDS, seconds) + 1) / (len(BOUNDS) + 1)


def _chart(
    title: str,
    name: str,
    told: str,
    layers: Sequence[Layer],
    points: Sequence[Point],
    period: str,
    most: str,
) -> SafeString:
    first, last = (_time(points[0], period), _time(points[-1], period)) if points else ("", "")
    return format_html(
        '<figure class="jobs-chart"><svg viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img" '
        'aria-labelledby="{id}-title {id}-desc"><title id="{id}-title">{title}: jobs of {name}</title>'
        '<desc id="{id}-desc">{told}</desc>{bars}</svg><figcaption class="jobs-scale"><span>{first}</span>'
        "<span><strong>{title}</strong> {most}</span><span>{last}</span></figcaption>{table}</figure>",
        w=WIDTH,
        h=HEIGHT,
        id=f"chart-{name}-{title.lower()}",
        title=title,
        name=name,
        told=told,
        bars=format_html_join("", "{}", [(_bars(layer, points),) for layer in layers]),
        first=first,
        most=most,
        last=last,
        table=_table(f"{title}: jobs of {name}", layers, points, period),
    )


def _bars(layer: Layer, points: Sequence[Point]) -> SafeString:
    step = WIDTH / len(points) if points else 0.0
    heights = [(at, max(HEIGHT * part, LEAST)) for at, part in enumerate(map(layer.part, points)) if part]
    return format_html_join(
        "",
        '<rect class="jobs-bar-{}" x="{}" y="{}" width="{}" height="{}"></rect>',
        [
            (layer.colour, f"{(at + GAP / 2) * step:.1f}", f"{HEIGHT - height:.1f}", f"{step * (1 - GAP):.1f}",
             f"{height:.1f}")
            for at, height in heights
        ],
    )  # fmt: skip


def _table(caption: str, layers: Sequence[Layer], points: Sequence[Point], period: str) -> SafeString:
    rows = [(_time(point, period), _cells([layer.words(point) for layer in layers])) for point in points if point.ended]
    return format_html(
        '<table class="jobs-unseen"><caption>{}</caption><thead><tr><th scope="col">From</th>{}</tr></thead>'
        "<tbody>{}</tbody></table>",
        caption,
        format_html_join("", '<th scope="col">{}</th>', [(layer.name,) for layer in layers]),
        format_html_join("", "<tr><td>{}</td>{}</tr>", rows),
    )


def _cells(words: Sequence[str]) -> SafeString:
    return format_html_join("", "<td>{}</td>", [(word,) for word in words])


def _time(point: Point, period: str) -> str:
    local = timezone.localtime(point.at)
    return f"{local:%a %H:%M}" if period == "week" else f"{local:%H:%M}"
