"""`manage.py stats`: each queue in numbers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from jobs import health, services, throughput
from jobs.queues import QUEUES
from jobs.terminal import AnsweringCommand


class Command(AnsweringCommand):
    help = "Show each queue: what waits, who works, what ended lately and how long it took."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--period", choices=throughput.PERIODS, default="hour", help="how far back (default hour)")

    def ask(self, *, period: str, **_: Any) -> dict[str, Any]:
        recent, healths = throughput.of_queues(throughput.PERIODS[period][0]), health.queues()
        return {
            "period": period,
            "queues": {
                name: {
                    **services.queue_stats(name),
                    "state": healths[name].state,
                    "workers": healths[name].workers,
                    "slots": healths[name].slots,
                    "ended": recent[name].ended,
                    "failed": recent[name].failed,
                    "wait_median": recent[name].wait_median,
                    "wait_95": recent[name].wait_95,
                    "run_median": recent[name].run_median,
                    "run_95": recent[name].run_95,
                }
                for name in QUEUES
            },
        }

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            (
                "queue",
                "state",
                "waiting",
                "delayed",
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


def _pair(half: float | None, most: float | None) -> str:
    return "" if half is None or most is None else f"{half:g} s / {most:g} s"
