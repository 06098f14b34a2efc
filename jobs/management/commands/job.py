"""`manage.py job ID`: all that is known of one job."""

from __future__ import annotations

import getpass
import json
from typing import Any

from django.core.management.base import CommandParser

from jobs import masking, revealing, services
from jobs.api.shapes import epoch, job_status
from jobs.models import Job
from jobs.terminal import AnsweringCommand, ago, printable, progress


class Command(AnsweringCommand):
    help = "Show a job: its state, arguments, result, attempts, effects and history."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("job", help="its id, or your own id for it")
        parser.add_argument(
            "--reveal", action="store_true", help="show what is masked; needs --reason, and is recorded"
        )
        parser.add_argument("--reason", default="", help="why you need to see it")

    def ask(self, *, job: str, reveal: bool, reason: str, **_: Any) -> dict[str, Any]:
        self._job = services.find(job)
        shown: dict[str, Any] = {"args": masking.arguments(self._job)}
        if reveal:
            told = revealing.reveal(self._job, by=getpass.getuser(), reason=reason)
            shown = {"args": told.arguments, "result": told.result}
        return (
            job_status(self._job)
            | shown
            | {
                "attempts": [_attempt(attempt) for attempt in self._job.attempts.order_by("number")],
                "effects": [_effect(effect) for effect in self._job.effects.order_by("id")],
                "events": [_event(event) for event in self._job.events.order_by("id")],
            }
        )

    def show(self, answer: dict[str, Any]) -> None:
        job = self._job
        self.stdout.write(printable(f"{job.task}  {job.status}  {job.pk}"))
        self.table(("", ""), ((name, value) for name, value in _facts(job).items() if value not in (None, "")))
        for name in ("args", "result"):
            if answer[name] is not None:
                self.stdout.write(f"\n{name}\n{printable(json.dumps(answer[name], indent=2, ensure_ascii=False))}")
        if answer["attempts"]:
            self.stdout.write("\nattempts that did not succeed")
            self.table(("number", "outcome", "worker", "error"), (_line(row, 4) for row in answer["attempts"]))
        if answer["effects"]:
            self.stdout.write("\neffects")
            self.table(("kind", "status", "key", "provider's id"), (_line(row, 4) for row in answer["effects"]))
        if answer["events"]:
            self.stdout.write("\nhistory")
            self.table(("kind", "by", "detail"), (_line(row, 3) for row in answer["events"]))


def _facts(job: Job) -> dict[str, Any]:
    return {
        "queue": job.queue,
        "priority": job.priority,
        "key": job.key,
        "owner": job.owner_id,
        "enqueued": ago(job.created_at),
        "due": ago(job.run_at),
        "started": ago(job.started_at),
        "ended": ago(job.finished_at),
        "worker": job.worker,
        "attempt": job.attempt,
        "failures": f"{job.failures} of {job.max_retries + 1}" if job.failures else "",
        "progress": progress(job),
        "reason": job.reason,
        "error": f"{job.error_class}: {job.error}" if job.error else "",
        "parent": job.parent_id,
        "batch": job.batch_id,
        "correlation": job.correlation_id,
        "trace": job.trace_id,
    }


def _line(row: dict[str, Any], columns: int) -> tuple[Any, ...]:
    return tuple(row.values())[:columns]


def _attempt(attempt: Any) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "worker": attempt.worker,
        "error": f"{attempt.error_class}: {attempt.error}" if attempt.error else "",
        "started_at": epoch(attempt.started_at),
        "ended_at": epoch(attempt.finished_at),
        "traceback": attempt.traceback,
        "log": attempt.log,
    }


def _effect(effect: Any) -> dict[str, Any]:
    return {
        "kind": effect.kind,
        "status": effect.status,
        "key": effect.key,
        "provider_id": effect.provider_id,
        "created_at": epoch(effect.created_at),
        "settled_at": epoch(effect.settled_at),
    }


def _event(event: Any) -> dict[str, Any]:
    return {"kind": event.kind, "by": event.by, "detail": masking.masked(event.detail), "at": epoch(event.at)}
