"""Schedules: each tick makes one job, whoever and however many look. Ticked by the dispatcher."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim
from django.db import connection, transaction
from django.db.models import Q

from jobs import audit, clock, services
from jobs.clock import Now
from jobs.errors import Refused
from jobs.models import WAITING, Job, JobStatus, Schedule

AT_ONCE = 50  # schedules a round
CATCH_UP = 100  # missed ticks fired in one round, at most
ON_TIME = timedelta(seconds=60)  # a tick is missed when it is later than this

log = structlog.stdlib.get_logger("jobs")


def run_once() -> int:
    """Fire what is due. Returns how many jobs were made."""
    due = Schedule.objects.filter(Q(next_tick__lte=Now()) | Q(next_tick__isnull=True), paused=False)
    return sum(_tick(pk) for pk in due.values_list("pk", flat=True)[:AT_ONCE])


def fire(schedule: Schedule, tick: datetime) -> Job:
    """Make the job of a tick, once: the same tick again gives the same job."""
    return services.enqueue(
        schedule.task,
        schedule.arguments,
        owner_id=schedule.owner_id,
        schedule_id=schedule.pk,
        tick=tick,
    )


def pause(schedule: Schedule, *, by: str, reason: str = "", origin: str = "") -> Schedule:
    """Let a schedule's ticks pass until it is resumed. Who and why is recorded."""
    return _set(schedule, True, by, reason, origin)


def resume(schedule: Schedule, *, by: str, reason: str = "", origin: str = "") -> Schedule:
    """Let a schedule tick again, from now on: what passed meanwhile is not made up for."""
    return _set(schedule, False, by, reason, origin)


def run_now(schedule: Schedule, *, by: str, reason: str = "", origin: str = "") -> Job:
    """Make a schedule's job now, beside its ticks; also of one that is paused.

    Raises:
        Refused: its task or arguments are none any more.
    """
    with transaction.atomic():
        job = services.enqueue(schedule.task, schedule.arguments, owner_id=schedule.owner_id, schedule_id=schedule.pk)
        after = {"job": str(job.pk)}
        audit.record("run now", f"schedule {schedule.name}", by=by, reason=reason, origin=origin, after=after)
    return job


def preview(schedule: Schedule, count: int = 5, after: datetime | None = None) -> list[datetime]:
    """The next ticks, in the schedule's time zone."""
    return list(islice(ticks(schedule, after or clock.now()), count))


def ticks(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Every tick after a moment. Cron follows the wall clock of its zone, an interval counts from the creation."""
    zone = ZoneInfo(schedule.time_zone)
    if schedule.cron:
        yield from CronSim(schedule.cron, after.astimezone(zone))
        return
    assert schedule.every
    start = schedule.created_at or after
    step = timedelta(seconds=schedule.every)
    number = math.floor((after - start) / step) + 1
    while True:
        yield (start + number * step).astimezone(zone)
        number += 1


@transaction.atomic
def _set(schedule: Schedule, paused: bool, by: str, reason: str, origin: str) -> Schedule:
    # Guarded, so that a tick under way or another operator is not overwritten; the next tick is worked out anew.
    if Schedule.objects.filter(pk=schedule.pk, paused=not paused).update(paused=paused, next_tick=None):
        verb = "pause" if paused else "resume"
        states = {"before": {"paused": not paused}, "after": {"paused": paused}}
        audit.record(verb, f"schedule {schedule.name}", by=by, reason=reason, origin=origin, **states)
    schedule.refresh_from_db()
    return schedule


def _tick(pk: int) -> int:
    with transaction.atomic():
        schedule = _locked(pk)
        if schedule is None:
            return 0
        now = clock.now()
        fired = 0
        for tick in _to_fire(schedule, now):
            try:
                fired += _fire_unless_overlapping(schedule, tick)
            except Refused as error:
                log.error("schedule cannot fire", action="schedule_refused", schedule=schedule.name, reason=str(error))
        Schedule.objects.filter(pk=pk).update(next_tick=next(ticks(schedule, now)).astimezone(UTC))
    return fired


def _locked(pk: int) -> Schedule | None:
    """The schedule, if it still is due: another dispatcher may have been faster."""
    due = Schedule.objects.filter(Q(next_tick__lte=Now()) | Q(next_tick__isnull=True), pk=pk, paused=False)
    if connection.vendor == "postgresql":
        due = due.select_for_update(skip_locked=True)
    return due.first()


def _to_fire(schedule: Schedule, now: datetime) -> list[datetime]:
    """The ticks that are due, after the policy for missed ones."""
    if schedule.next_tick is None:  # new: nothing is due yet
        return []
    first = schedule.next_tick
    due = [first, *takewhile(lambda tick: tick <= now, islice(ticks(schedule, first), CATCH_UP))]
    match schedule.missed:
        case Schedule.Missed.ALL:
            return due
        case Schedule.Missed.ONCE:
            return due[-1:]
        case _:
            return [tick for tick in due if now - tick <= ON_TIME]


def _fire_unless_overlapping(schedule: Schedule, tick: datetime) -> int:
    unfinished = Job.objects.filter(schedule=schedule)
    match schedule.overlap:
        case Schedule.Overlap.SKIP:
            blocked = unfinished.filter(status__in=[*WAITING, JobStatus.PROCESSING]).exists()
        case Schedule.Overlap.QUEUE_ONE:
            blocked = unfinished.filter(status__in=WAITING).exists()
        case _:
            blocked = False
    if blocked:
        log.info("tick passed over", action="schedule_overlap", schedule=schedule.name, tick=tick.isoformat())
        return 0
    fire(schedule, tick)
    return 1
