"""`manage.py stats`: each queue in numbers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from jobs import overview, throughput
from jobs.overview import QueueLine
from jobs.terminal import AnsweringCommand
from jobs.wording import span


class Command(AnsweringCommand):
    help = "Show each queue: what waits, who works, what ended lately and how long it took."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--period", choices=throughput.PERIODS, default="hour", help="how far back (default hour)")

    def ask(self, *, period: str, **_: Any) -> dict[str, Any]:
        return {"period": period, "queues": {line.name: numbers_of(line) for line in overview.lines(period)}}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            (
                "queue",
                "state",
                "waiting",
                "delayed",
                "running",
                "oldest",
                "workers",
                "slots",
                "ended",
                "failed",
                "wait ½ / 95 %",
                "run ½ / 95 %",
            ),
            (
                (
                    name,
                    queue["state"],
                    queue["pending_jobs"],
                    queue["delayed_jobs"],
                    queue["running_jobs"],
                    "" if queue["oldest_waited"] is None else span(queue["oldest_waited"]),
                    queue["workers"],
                    queue["slots"],
                    queue["ended"],
                    queue["failed"],
                    _pair(queue["wait_median"], queue["wait_95"]),
                    _pair(queue["run_median"], queue["run_95"]),
                )
                for name, queue in answer["queues"].items()
            ),
        )
        self.stdout.write(f"Ended, and times below which so many stayed: of the last {answer['period']}.")


def numbers_of(line: QueueLine) -> dict[str, Any]:
    return {
        "pending_jobs": line.waiting,
        "delayed_jobs": line.delayed,
        "running_jobs": line.running,
        "oldest_waited": line.waited,
        "state": line.health.state,
        "workers": line.health.workers,
        "slots": line.health.slots,
        "ended": line.recent.ended,
        "failed": line.recent.failed,
        "wait_median": line.recent.wait_median,
        "wait_95": line.recent.wait_95,
        "run_median": line.recent.run_median,
        "run_95": line.recent.run_95,
    }


def _pair(half: float | None, most: float | None) -> str:
    return "" if half is None or most is None else f"{half:g} s / {most:g} s"
