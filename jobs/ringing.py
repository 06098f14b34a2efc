"""After the commit: tell the workers of what was enqueued."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from jobs import doorbell, events, fallback, lifecycle
from jobs.lifecycle import Due, NewJob, Written


def ring_on_commit(jobs: Sequence[NewJob], written: Sequence[Written]) -> None:
    """Ring for jobs of one task once the caller's transaction is committed; rolled back, nobody hears of them."""
    transaction.on_commit(lambda: _ring(jobs, written), robust=True)


def _ring(jobs: Sequence[NewJob], written: Sequence[Written]) -> None:
    """What the broker does not take, the dispatcher rings next."""
    if not written:
        return
    terms = jobs[0].terms
    events.enqueued([row.id for row in written], terms.task, terms.queue)
    wished = {job.id for job in jobs if job.ring}
    rings = [
        Due(row.id, terms.task, terms.soft_time_limit, terms.time_limit, row.created_at)
        for row in written
        if row.id in wished and row.due
    ]
    taken = doorbell.push(terms.queue, rings) if rings else 0
    if refused := [ring.id for ring in rings[taken:]]:
        lifecycle.not_rung(refused)
    if not taken:
        fallback.offer([row.id for row in written if row.due], terms.task)
