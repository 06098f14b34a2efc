"""`manage.py workers`: who works, and on what."""

from __future__ import annotations

from typing import Any

from jobs.api.shapes import epoch
from jobs.models import Job, JobStatus, WorkerBeat
from jobs.terminal import AnsweringCommand, ago


class Command(AnsweringCommand):
    help = "Show the workers: their queues and slots, since when, when they were last heard, and what each runs."

    def ask(self, **_: Any) -> dict[str, Any]:
        running: dict[Any, list[Job]] = {}
        for job in Job.objects.of_people().filter(status=JobStatus.PROCESSING).only("task", "boot", "started_at"):
            running.setdefault(job.boot, []).append(job)
        self._workers = [(beat, running.get(beat.boot, [])) for beat in WorkerBeat.objects.all()]
        return {"workers": [_worker(beat, jobs) for beat, jobs in self._workers]}

    def show(self, answer: dict[str, Any]) -> None:
        self.table(
            ("worker", "queues", "slots", "since", "heard", "runs"),
            (
                (
                    beat.name,
                    " ".join(beat.queues),
                    f"{len(jobs)} of {beat.slots}",
                    ago(beat.started_at),
                    "stopping" if beat.stopping else ago(beat.beat_at),
                    "\n".join(f"{job.task} for {ago(job.started_at)}" for job in jobs),
                )
                for beat, jobs in self._workers
            ),
        )
        if not self._workers:
            self.stdout.write("No worker. Start one: manage.py worker")


def _worker(beat: WorkerBeat, jobs: list[Job]) -> dict[str, Any]:
    return {
        "name": beat.name,
        "queues": beat.queues,
        "slots": beat.slots,
        "started_at": epoch(beat.started_at),
        "heard_at": epoch(beat.beat_at),
        "stopping": beat.stopping,
        "jobs": [{"job_id": str(job.pk), "task": job.task, "started_at": epoch(job.started_at)} for job in jobs],
    }
