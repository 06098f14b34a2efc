"""What `manage.py top` shows: queues, workers and what each runs, what fails, what is wrong. Drawn with rich."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from jobs import clock, failures, overview, workers
from jobs.models import Job, Tally
from jobs.overview import Overview
from jobs.terminal import ago, printable
from jobs.throughput import PERIODS, Point
from jobs.wording import span
from jobs.workers import Working

BARS = "▁▂▃▄▅▆▇█"
STATES = {"ok": "green", "paused": "yellow", "no worker": "red", "silent": "red"}
RATE_OVER = 30.0  # seconds
FAILING = 5  # groups of failures shown


@dataclass(frozen=True)
class Picture:
    """One look at the platform. `rates`: jobs that ended in a second, by queue; empty at the first look."""

    overview: Overview
    workers: Sequence[Working]
    failing: Sequence[failures.Group]
    rates: dict[str, float]


class Eye:
    """Looks again and again, and tells from the counts of before how fast jobs end."""

    def __init__(self) -> None:
        self._counts: list[tuple[float, dict[str, int]]] = []

    def look(self, period: str) -> Picture:
        recent = f"age:<{PERIODS[period][0].total_seconds():.0f}s"
        return Picture(
            overview.of(period),
            workers.working(),
            failures.groups(Job.objects.of_people(), recent, FAILING).groups,
            self._rates(),
        )

    def _rates(self) -> dict[str, float]:
        now = time.monotonic()
        counts = dict(Tally.objects.order_by().values_list("queue").annotate(Sum("jobs")))
        self._counts = [(at, before) for at, before in self._counts if now - at <= RATE_OVER] + [(now, counts)]
        (since, before) = self._counts[0]
        if now == since:
            return {}
        return {queue: (count - before.get(queue, 0)) / (now - since) for queue, count in counts.items()}


def drawn(picture: Picture, *, held: bool = False, live: bool = True) -> RenderableType:
    """All of it, one below the other; `live` with frames and the keys."""
    seen = picture.overview
    framed = _panel if live else _chapter
    return Group(
        _head(seen, held),
        framed(f"Queues, last {seen.period}", _queues(picture)),
        framed("Workers", _workers(picture.workers)),
        framed(f"Failing, last {seen.period}", _failing(picture.failing)),
        *_findings(seen),
        *([_keys(held)] if live else []),
    )


def sparkline(points: Sequence[Point]) -> str:
    """A bar for each step of a chart."""
    most = max((point.ended for point in points), default=0)
    return "".join(BARS[0 if not most else (len(BARS) - 1) * point.ended // most] for point in points)


def _panel(title: str, content: RenderableType) -> RenderableType:
    return Panel(content, title=title, title_align="left")


def _chapter(title: str, content: RenderableType) -> RenderableType:
    return Group("", Text(title, "bold"), content)


def _head(seen: Overview, held: bool) -> Text:
    head = Text.assemble(("Fikiri ", "bold"), f"{clock.now():%Y-%m-%d %H:%M:%S} UTC")
    for part in seen.parts:
        head.append("   ").append("● ", "green" if part.good else "red").append(f"{part.name} {part.text}")
    for status, count in seen.trouble.items():
        if count:
            head.append(f"   {count:,} {status}", "red")
    if held:
        head.append("   held", "yellow")
    return head


def _queues(picture: Picture) -> Table:
    table = _table("queue", "state", "waiting", "delayed", "running", "slots", "oldest", "ended", "failed", "/s")
    table.add_column("run 95 %", no_wrap=True)
    table.add_column("")
    for line in picture.overview.queues:
        rate = picture.rates.get(line.name)
        table.add_row(
            line.name,
            Text(line.health.state, STATES[line.health.state]),
            f"{line.waiting:,}",
            f"{line.delayed:,}",
            f"{line.running:,}",
            f"{line.health.slots - line.health.free}/{line.health.slots}",
            "" if line.waited is None else span(line.waited),
            f"{line.recent.ended:,}",
            Text(f"{line.recent.failed:,}", "red" if line.recent.failed else ""),
            "" if rate is None else f"{rate:.1f}",
            "" if line.recent.run_95 is None else f"{line.recent.run_95:g} s",
            Text(sparkline(line.points), "cyan"),
        )
    return table


def _workers(working: Sequence[Working]) -> RenderableType:
    if not working:
        return Text("None. Start one: manage.py worker", "red")
    table = _table("worker", "queues", "slots", "since", "heard", "runs")
    for worker in working:
        beat = worker.beat
        table.add_row(
            printable(beat.name),
            " ".join(beat.queues),
            f"{len(worker.jobs)}/{beat.slots}",
            ago(beat.started_at),
            Text("stopping", "yellow") if beat.stopping else ago(beat.beat_at),
            printable("\n".join(f"{job.task} for {ago(job.started_at)}" for job in worker.jobs)),
        )
    return table


def _failing(groups: Sequence[failures.Group]) -> RenderableType:
    if not groups:
        return Text("Nothing.", "green")
    table = _table("jobs", "last", "error", "search for")
    for group in groups:
        error = f"{group.error_class}: {group.error}".replace("\n", " ")
        table.add_row(f"{group.jobs:,}", ago(group.last), Text(printable(error)), f"fingerprint:{group.fingerprint}")
    return table


def _findings(seen: Overview) -> list[RenderableType]:
    return [
        Text.assemble(("✗ " if finding.bad else "• ", "red" if finding.bad else "yellow"), printable(finding.text))
        for finding in seen.findings
    ]


def _keys(held: bool) -> Text:
    return Text(f"q quit   p {'go on' if held else 'hold'}   ← → hour, day, week   doctor says what to do", "dim")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    for column in columns:
        table.add_column(column, overflow="ellipsis", no_wrap=column not in ("runs",))
    return table
