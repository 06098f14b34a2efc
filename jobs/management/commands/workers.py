"""`manage.py workers`: who works, and on what."""

from __future__ import annotations

from typing import Any

from jobs.api.workers import worker_row
from jobs.terminal import AnsweringCommand, ago
from jobs.workers import Working, working


class Command(AnsweringCommand):
    help = "Show the workers: their queues and slots, since when, when they were last heard, and what each runs."

    def ask(self, **_: Any) -> dict[str, Any]:
        self._workers = working()
        return {"workers": [worker_row(worker) for worker in self._workers]}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("worker", "queues", "slots", "since", "heard", "runs"),
            (
                (
                    worker.beat.name,
                    " ".join(worker.beat.queues),
                    f"{len(worker.jobs)} of {worker.beat.slots}",
                    ago(worker.beat.started_at),
                    _heard(worker),
                    "\n".join(f"{job.task} for {ago(job.started_at)}" for job in worker.jobs),
                )
                for worker in self._workers
            ),
        )
        if not self._workers:
            self.stdout.write("No worker. Start one: manage.py worker")


def _heard(worker: Working) -> str:
    if worker.beat.stopping:
        return "stopping"
    return f"{ago(worker.beat.beat_at)}{', stuck' if worker.is_stuck else ''}"
