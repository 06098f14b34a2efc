"""An attempt, from its claim to its settling. Each settling is guarded by the claim's token."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from django.db import IntegrityError, connection, transaction

from jobs import events, sql
from jobs.clock import Now
from jobs.config import config
from jobs.identity import Identity
from jobs.lifecycle.moves import backoff, end, owned, ring_the_waiting_one, to_waiting, wait
from jobs.lifecycle.values import Claim, as_uuid, claim_of, param, short
from jobs.models import Attempt, Effect, EffectStatus, Job, JobStatus
from jobs.models.effect import WHOLE, whole
from jobs.reports import Report
from jobs.retries import RetryRule


def claim(job_id: uuid.UUID, identity: Identity, token: uuid.UUID) -> Claim | None:
    """Take a waiting job that is due, not paused and not asked to be cancelled; the same token takes it again."""
    parameters = {
        "id": param(job_id),
        "worker": identity.name,
        "boot": param(identity.boot),
        "pid": identity.pid,
        "claim": param(token),
        "margin": config().LEASE_MARGIN,
        "hasty": not connection.in_atomic_block,
    }
    try:
        rows = sql.fetch("claim", parameters)
    except IntegrityError:  # another of its key began to run at this moment
        return None
    return claim_of(job_id, token, identity, rows[0]) if rows else None


def complete(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
    """Settle jobs that succeeded, each with its result as JSON text. Returns those that were still theirs to settle."""
    if not outcomes:
        return set()
    settled = _complete_postgresql(outcomes) if connection.vendor == "postgresql" else _complete_sqlite(outcomes)
    for done, _ in outcomes:
        if done.id in settled:
            ring_the_waiting_one(done.unique_key, done.unique_scope)
            events.settled(done, JobStatus.COMPLETED)
    return settled


def retry(
    claim: Claim, report: Report, *, after: float | None = None, counts: bool = True, rule: RetryRule | None = None
) -> JobStatus:
    """Settle an attempt that failed: run again later, or `dead` when the retries are used up.

    Args:
        after: Seconds; None is the usual backoff.
        counts: Whether it costs a retry.
        rule: The task's for this error, which `report.rule` names.
    """
    with owned(claim) as job:
        if rule and rule.max_retries is not None:
            spent, most = _failed_by(job, report.rule) + 1, rule.max_retries
        else:
            job.failures += counts
            spent, most = job.failures, job.max_retries
        if spent > most:
            return end(job, JobStatus.DEAD, report)
        delay = after if after is not None else backoff(spent, rule)
        return wait(job, delay, report)


def snooze(claim: Claim, seconds: float, reason: str) -> JobStatus:
    """Put a job back for its next slice. Costs no retry and leaves no attempt row."""
    with owned(claim) as job:
        if job.cancel_requested_at:
            return end(job, JobStatus.CANCELLED, Report(reason="cancelled"))
        to_waiting(job, seconds, status=JobStatus.PENDING, reason=reason)
        events.settled(claim, JobStatus.PENDING)
        return JobStatus.PENDING


def fail(claim: Claim, report: Report) -> JobStatus:
    """Settle an attempt whose error no retry can mend."""
    with owned(claim) as job:
        return end(job, JobStatus.FAILED, report)


def discard(claim: Claim, report: Report) -> JobStatus:
    """Settle an attempt that found nothing to do, or was asked to stop."""
    with owned(claim) as job:
        return end(job, JobStatus.CANCELLED, report)


def doubt(claim: Claim, report: Report) -> JobStatus:
    """Settle an attempt whose effect can be neither confirmed nor denied."""
    with owned(claim) as job:
        if not Effect.objects.filter(job=job, status=EffectStatus.ATTEMPTING).exists():
            _doubt_all(job, report)
        return end(job, JobStatus.IN_DOUBT, report)


def progress(claim: Claim, current: int, total: int, message: str) -> bool | None:
    """Keep how far an attempt is. Returns whether a cancel was asked; None when the job is no longer this attempt's."""
    Job.objects.filter(id=claim.id, claim=claim.token, status=JobStatus.PROCESSING).update(
        progress_current=current, progress_total=total, progress_message=short(message, 200)
    )
    return cancel_asked(claim)


def cancel_asked(claim: Claim) -> bool | None:
    """Whether a cancel was asked of this attempt; None when the job is no longer this attempt's."""
    mine = Job.objects.filter(id=claim.id, claim=claim.token, status=JobStatus.PROCESSING)
    row = mine.values_list("cancel_requested_at").first()
    return None if row is None else row[0] is not None


def _doubt_all(job: Job, report: Report) -> None:
    # The task said it of itself. Only what is written down can a person decide about.
    now = {"job": job, "attempt": job.attempt, "status": EffectStatus.ATTEMPTING, "created_at": Now()}
    detail = {"reason": short(report.error or report.reason)}
    Effect.objects.update_or_create(key=whole(job.pk), defaults=now | {"kind": WHOLE, "detail": detail})


def _failed_by(job: Job, rule: str) -> int:
    """Attempts that failed by an error with retries of its own, since the job was last run again by hand."""
    return Attempt.objects.filter(job=job, rule=rule).count()


def _complete_postgresql(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
    parameters = {
        "ids": [claim.id for claim, _ in outcomes],
        "claims": [claim.token for claim, _ in outcomes],
        "results": [result for _, result in outcomes],
    }
    return {row[0] for row in sql.fetch("complete", parameters)}


def _complete_sqlite(outcomes: Sequence[tuple[Claim, str]]) -> set[uuid.UUID]:
    text = json.dumps([{"id": c.id.hex, "claim": c.token.hex, "result": result} for c, result in outcomes])
    with transaction.atomic():
        settled = [row[0] for row in sql.fetch("complete", {"outcomes": text})]
        sql.fetch("complete_results", {"outcomes": text, "settled": json.dumps(settled)})
    return {as_uuid(value) for value in settled}
