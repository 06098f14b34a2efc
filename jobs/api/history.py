"""All that is known of one job over REST: its arguments, its times, each attempt, its effects, who did what to it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import TypedDict

from jobs import history, lifecycle, masking
from jobs.api import access
from jobs.api.responses import ok
from jobs.api.schema import described
from jobs.api.shapes import JobId, Time, epoch
from jobs.api.view import ApiView
from jobs.history import Moment
from jobs.models import Attempt, Effect, EffectStatus, Job, JobStatus

LATEST = 50  # children


class AttemptRow(TypedDict):
    """A run that did not succeed."""

    number: int
    outcome: JobStatus
    worker: str
    pid: int | None
    started_at: Time | None
    ended_at: Time | None
    error: str | None
    error_class: str | None
    traceback: str
    log: str


class EffectLine(TypedDict):
    effect_id: int
    key: str
    kind: str
    status: EffectStatus
    attempt: int
    provider_id: str | None
    begun_at: Time | None
    settled_at: Time | None
    settled_by: str | None
    reason: str | None


class MomentRow(TypedDict):
    """`other`: the job that it concerns besides."""

    at: Time | None
    kind: Annotated[str, Field(examples=["began"])]
    text: str
    by: str | None
    note: str | None
    other: JobId | None


class JobHistory(TypedDict):
    """`times`: seconds in each state. `moments`: the oldest first; the rest the newest first, the last 50 of each."""

    job_id: JobId
    arguments: dict[str, Any]
    checkpoint: Any
    times: dict[str, float]
    moments: list[MomentRow]
    attempts: list[AttemptRow]
    effects: list[EffectLine]
    children: list[JobId]


class History(ApiView):
    """Its arguments and what it did, as its page shows them: what is sensitive is masked."""

    @described("get_history", "All that is known of a job", JobHistory)
    def get(self, request: Request, job_id: str) -> Response:
        job = access.visible_job(request.user, job_id)
        below = access.visible_jobs(request.user).filter(parent_id=job.pk).newest_first()
        children = list(below.defer("arguments", "workflow")[:LATEST])
        past = history.of(job, children=children)
        data: JobHistory = {
            "job_id": str(job.pk),
            "arguments": masking.arguments(job),
            "checkpoint": _checkpoint(job),
            "times": {status: round(seconds, 3) for status, seconds in past.totals.items()},
            "moments": [_moment(moment) for moment in past.moments],
            "attempts": [_attempt(attempt) for attempt in past.attempts],
            "effects": [_effect(effect) for effect in past.effects],
            "children": [str(child.pk) for child in children],
        }
        return ok(data, message="History retrieved")


def _checkpoint(job: Job) -> Any:
    kept = lifecycle.kept(job.pk)
    return masking.masked(json.loads(kept), masking.declared(job.task)) if kept else None


def _moment(moment: Moment) -> MomentRow:
    return {
        "at": epoch(moment.at),
        "kind": moment.kind,
        "text": moment.text,
        "by": moment.by or None,
        "note": moment.note or None,
        "other": str(moment.other) if moment.other else None,
    }


def _attempt(attempt: Attempt) -> AttemptRow:
    return {
        "number": attempt.number,
        "outcome": JobStatus(attempt.outcome),
        "worker": attempt.worker,
        "pid": attempt.pid,
        "started_at": epoch(attempt.started_at),
        "ended_at": epoch(attempt.finished_at),
        "error": attempt.error or None,
        "error_class": attempt.error_class or None,
        "traceback": attempt.traceback,
        "log": attempt.log,
    }


def _effect(effect: Effect) -> EffectLine:
    return {
        "effect_id": effect.pk,
        "key": effect.key,
        "kind": effect.kind,
        "status": EffectStatus(effect.status),
        "attempt": effect.attempt,
        "provider_id": effect.provider_id or None,
        "begun_at": epoch(effect.created_at),
        "settled_at": epoch(effect.settled_at),
        "settled_by": effect.settled_by or None,
        "reason": effect.reason or None,
    }
