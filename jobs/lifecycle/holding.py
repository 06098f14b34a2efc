"""Jobs that meet a hold wait, at no cost, until it is released.

A job finds out by itself that it cannot go on, so the hold may be released between its look and its settling: parking
locks the hold first, and a job whose hold is gone is simply due again.
"""

from __future__ import annotations

from django.db import transaction

from jobs import events
from jobs.clock import Now
from jobs.lifecycle.moves import end, lock, owned, to_waiting
from jobs.lifecycle.values import Claim, short
from jobs.models import WAITING, HeldJob, Hold, Job, JobStatus
from jobs.reports import Report

AGAIN = 30.0  # seconds: a job that meets what nobody holds any more, and met it before, would else run without end
FAR = 3650 * 86_400.0  # seconds: nothing rings for what is held, and a stray doorbell finds nothing to claim


def hold(key: str, reason: str) -> bool:
    """Hold what meets this key from now on. Returns whether it was not held before; the newer reason stands."""
    with transaction.atomic():
        known = lock(Hold.objects.filter(key=key)).first()
        Hold.objects.update_or_create(
            key=key,
            defaults={"reason": short(reason), "released_at": None},
            create_defaults={"reason": short(reason), "since": Now()},
        )
    return known is None or known.released_at is not None


def park(claim: Claim, key: str, reason: str) -> JobStatus:
    """Put a job that met a hold aside. Costs no retry and leaves no attempt row."""
    with transaction.atomic():
        held = lock(Hold.objects.filter(key=key, released_at=None)).first()
        with owned(claim) as job:
            if job.cancel_requested_at:
                return end(job, JobStatus.CANCELLED, Report(reason="cancelled"))
            delay = FAR if held else AGAIN if job.reason == short(reason) else 0
            to_waiting(job, delay, status=JobStatus.PENDING, reason=reason)
            HeldJob.objects.filter(job=job).delete()
            if held:
                HeldJob.objects.create(job=job, hold=held)
            events.settled(claim, JobStatus.PENDING)
            return JobStatus.PENDING


def release_hold(key: str) -> bool:
    """Hold nothing under this key any more; `wake_released` wakes what was. Returns whether something was held."""
    return bool(Hold.objects.filter(key=key, released_at=None).update(released_at=Now()))


def wake_released(limit: int) -> int:
    """Make up to `limit` jobs due that a released hold held. Returns how many."""
    woken = 0
    for key in Hold.objects.exclude(released_at=None).values_list("key", flat=True):
        woken += _wake(key, limit - woken)
        if woken >= limit:
            break
    return woken


def _wake(key: str, limit: int) -> int:
    with transaction.atomic():
        hold = lock(Hold.objects.filter(key=key).exclude(released_at=None)).first()
        if hold is None:  # held again, or another process was first
            return 0
        ids = list(HeldJob.objects.filter(hold=hold).order_by("pk").values_list("pk", flat=True)[:limit])
        Job.objects.filter(pk__in=ids, status__in=WAITING, run_at__gt=Now()).update(
            run_at=Now(), dispatch_at=Now(), rung_at=None, rings=0, reason=f"released: {key}"[:300]
        )
        HeldJob.objects.filter(pk__in=ids).delete()
        if len(ids) < limit:
            hold.delete()
    return len(ids)
