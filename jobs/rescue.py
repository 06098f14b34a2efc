"""Jobs whose worker is gone are put back to waiting.

A beat counts as missed only by a dispatcher that has itself read and written for a whole TTL: a database that stood
still must not make every worker look dead.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from jobs import lifecycle
from jobs.clock import Now
from jobs.config import config
from jobs.models import Job, JobStatus, WorkerBeat

AT_ONCE = 200  # jobs a round
STALL = 2.0  # seconds without a look at the database after which its beats are not trusted yet


class Rescuer:
    def __init__(self) -> None:
        self._watching_since = time.monotonic()
        self._last_look = time.monotonic()

    def run_once(self) -> int:
        """Put back the jobs of dead processes, dead workers and leases that are over. Returns how many."""
        trusted = self._is_trusted()
        rescued = self._of_dead_processes() + self._of_ended_leases()
        if trusted:
            rescued += self._of_dead_workers()
            self._forget_dead_workers()
        return rescued

    def _is_trusted(self) -> bool:
        now = time.monotonic()
        if now - self._last_look > STALL:
            self._watching_since = now
        self._last_look = now
        return now - self._watching_since >= config().BEAT_TTL

    def _of_dead_processes(self) -> int:
        """A live worker no longer lists the process that claimed the job."""
        rescued = 0
        for beat in WorkerBeat.objects.filter(beat_at__gt=Now(-config().BEAT_TTL)):
            rows = Job.objects.filter(
                status=JobStatus.PROCESSING,
                boot=beat.boot,
                started_at__lt=beat.beat_at - timedelta(seconds=config().BEAT_EVERY),
            ).exclude(pid__in=beat.pids)
            rescued += sum(lifecycle.rescue(job, "its process is gone", died=True) for job in rows.order_by()[:AT_ONCE])
        return rescued

    def _of_dead_workers(self) -> int:
        """The worker has not been heard of for a whole TTL."""
        alive = WorkerBeat.objects.filter(boot=OuterRef("boot"), beat_at__gt=Now(-config().BEAT_TTL))
        orphans = Job.objects.filter(~Exists(alive), ~Q(worker__startswith="local@"), status=JobStatus.PROCESSING)
        old_enough = orphans.filter(started_at__lt=Now(-config().BEAT_TTL))
        return sum(lifecycle.rescue(job, "its worker is gone", died=False) for job in old_enough.order_by()[:AT_ONCE])

    def _of_ended_leases(self) -> int:
        over = Job.objects.filter(status=JobStatus.PROCESSING, lease_until__lt=Now())
        return sum(lifecycle.rescue(job, "its lease is over", died=False) for job in over.order_by()[:AT_ONCE])

    def _forget_dead_workers(self) -> None:
        WorkerBeat.objects.filter(beat_at__lt=Now(-20 * config().BEAT_TTL)).delete()
