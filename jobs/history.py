"""A job's life: how long it was in each state, and everything that happened to it, in order."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs import clock
from jobs.masking import MASK
from jobs.models import FINAL, Attempt, AuditEntry, Effect, Job, JobEvent, JobStatus

MOST = 50  # of each kind of thing, the newest
AGAIN = {"retry", "resolve"}  # what operators did that puts a job back


@dataclass(frozen=True)
class Spell:
    """A while in one state; `until` is now while it goes on, and `since` itself for an end."""

    status: str
    since: datetime
    until: datetime
    open: bool = False

    @property
    def seconds(self) -> float:
        return max(0.0, (self.until - self.since).total_seconds())


@dataclass(frozen=True)
class Moment:
    """Something that happened: what, by whom, and which job or effect it concerns besides."""

    at: datetime
    kind: str
    text: str
    by: str = ""
    note: str = ""
    status: str = ""
    other: uuid.UUID | None = None


@dataclass(frozen=True)
class History:
    """Of a job: `spells` and `moments`, the oldest first. `attempts` (but one that succeeded)
    and `effects` the newest first."""

    job: Job
    attempts: Sequence[Attempt]
    effects: Sequence[Effect]
    spells: Sequence[Spell]
    moments: Sequence[Moment]

    @property
    def totals(self) -> dict[str, float]:
        """Seconds in each state that it has been in, ends too."""
        sums: dict[str, float] = defaultdict(float)
        for spell in self.spells:
            sums[spell.status] += spell.seconds
        return dict(sums)


def of(job: Job, *, children: Iterable[Job] = ()) -> History:
    """Gathered in four queries, whatever happened.

    Args:
        children: Those that the reader may see.
    """
    attempts = list(job.attempts.order_by("-number")[:MOST])
    events = list(job.events.order_by("-id")[:MOST])
    effects = list(job.effects.order_by("-id")[:MOST])
    audit = list(AuditEntry.objects.filter(subject=f"job {job.pk}")[:MOST])
    moments = [
        *_of_itself(job, attempts),
        *(moment for attempt in attempts for moment in _of_attempt(attempt)),
        *(moment for effect in effects for moment in _of_effect(effect)),
        *(Moment(child.created_at, "child", f"enqueued {child.task}", other=child.pk) for child in children),
        *_of_operators(events, audit),
    ]
    # At one moment an attempt begins before what happens in it, and a job was there before all.
    moments.sort(key=lambda moment: (moment.at, moment.kind != "enqueued", moment.kind != "began"))
    return History(job, attempts, effects, spells_of(job, attempts, events), moments)


def spells_of(job: Job, attempts: Iterable[Attempt], events: Iterable[JobEvent]) -> list[Spell]:
    """The states that a job has been in. What a snooze interrupted counts as waiting: it leaves no row."""
    marks: list[tuple[datetime, str]] = [(job.created_at, JobStatus.PENDING.value)]
    for attempt in attempts:
        if attempt.started_at:
            marks.append((attempt.started_at, JobStatus.PROCESSING.value))
        marks.append((attempt.finished_at, attempt.outcome))
    marks += [(event.at, JobStatus.PENDING.value) for event in events if event.kind in AGAIN]
    if _is_running_or_succeeded(job) and job.started_at:
        marks.append((job.started_at, JobStatus.PROCESSING.value))
    marks.sort(key=lambda mark: mark[0])
    if job.status != marks[-1][1]:
        marks.append((max(marks[-1][0], job.finished_at or marks[-1][0]), job.status))
    return _joined(marks, job.status in FINAL)


def _joined(marks: Sequence[tuple[datetime, str]], ended: bool) -> list[Spell]:
    changes = [mark for at, mark in enumerate(marks) if at == 0 or mark[1] != marks[at - 1][1]]
    ends = [since for since, _ in changes[1:]] + [changes[-1][0] if ended else clock.now()]
    last = len(changes) - 1
    return [
        Spell(status, since, until, open=number == last and not ended)
        for number, ((since, status), until) in enumerate(zip(changes, ends, strict=True))
    ]


def _is_running_or_succeeded(job: Job) -> bool:
    """Such a run has no row among the attempts: it is the job's own."""
    return job.status in (JobStatus.PROCESSING, JobStatus.COMPLETED)


def _of_itself(job: Job, attempts: Sequence[Attempt]) -> Iterable[Moment]:
    yield Moment(job.created_at, "enqueued", _cause(job), status=JobStatus.PENDING, other=job.parent_id)
    if job.rung_at:
        yield Moment(
            job.rung_at, "rung", "its worker was told" + (f", {job.rings} times by now" if job.rings > 1 else "")
        )
    if _is_running_or_succeeded(job) and job.started_at:
        yield _beginning(job.started_at, job.attempt, job.worker, job.pid)
    recorded = attempts and attempts[0].number == job.attempt and attempts[0].outcome == job.status
    if job.finished_at and not recorded:
        yield Moment(job.finished_at, "ended", job.status.replace("_", " "), note=job.reason, status=job.status)


def _of_attempt(attempt: Attempt) -> Iterable[Moment]:
    if attempt.started_at:
        yield _beginning(attempt.started_at, attempt.number, attempt.worker, attempt.pid)
    error = f"{attempt.error_class}: {attempt.error}" if attempt.error else ""
    text = f"attempt {attempt.number} ended"
    yield Moment(attempt.finished_at, "ended", text, note=error, status=attempt.outcome)


def _of_effect(effect: Effect) -> Iterable[Moment]:
    yield Moment(effect.created_at, "effect", f"{effect.kind} begun", note=effect.key)
    if effect.settled_at:
        said = f"{effect.kind} {effect.status}{f' as {effect.provider_id}' if effect.provider_id else ''}"
        yield Moment(
            effect.settled_at, "effect", said, effect.settled_by, effect.reason or effect.key, status=effect.status
        )


def _of_operators(events: Iterable[JobEvent], audit: Iterable[AuditEntry]) -> Iterable[Moment]:
    told = set()
    for event in events:
        told.add((event.kind, event.by))
        yield Moment(event.at, "operator", event.kind, event.by, _said(event))
    for entry in audit:
        if (entry.verb, entry.by) not in told:  # the job's own events say most of it, with more detail
            yield Moment(entry.at, "operator", entry.verb, entry.by, entry.reason)


def _said(event: JobEvent) -> str:
    """The detail of an event in words: the reason, and what else there is."""
    told = {name: value for name, value in event.detail.items() if value not in (None, "")}
    reason, before, after = told.pop("reason", ""), told.pop("before", {}), told.pop("after", {})
    more = [f"{name} {value}" for name, value in told.items()]
    return ", ".join(filter(None, [str(reason), *more, *_changes(_flat(before), _flat(after))]))


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """The arguments among the rest."""
    return {**{name: value for name, value in values.items() if name != "arguments"}, **values.get("arguments", {})}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in sorted(before | after):  # PostgreSQL keeps no order of its own
        old, new = (json.dumps(each[name], ensure_ascii=False) if name in each else "-" for each in (before, after))
        if old != new or old == json.dumps(MASK):
            yield f"{name} {old} → {new}"


def _beginning(at: datetime, number: int, worker: str, pid: int | None) -> Moment:
    place = f"{worker}{f', process {pid}' if pid else ''}"
    return Moment(at, "began", f"attempt {number} began", note=place, status=JobStatus.PROCESSING)


def _cause(job: Job) -> str:
    if job.schedule_id:
        return f"enqueued by schedule {job.schedule_id}"
    if job.parent_id:
        return "enqueued by another job"
    return f"enqueued in request {job.correlation_id}"
