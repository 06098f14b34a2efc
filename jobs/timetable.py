"""Schedules are made, changed and removed here, whoever asks: checked like an enqueue, and recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NotRequired, TypedDict

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction

from jobs import audit, clock, masking, schedule
from jobs.errors import Refused
from jobs.models import Schedule

TICKING = ("cron", "every", "time_zone", "paused")  # a change of these moves the next tick
KEPT = ("task", "arguments", "cron", "every", "time_zone", "overlap", "missed", "owner_id", "paused")


class Wish(TypedDict, total=False):
    """What is asked of a schedule; what is left out stays as it is. `cron` ends `every`, and the other way round."""

    name: NotRequired[str]
    task: NotRequired[str]
    arguments: NotRequired[dict[str, Any]]
    cron: NotRequired[str]
    every: NotRequired[int | None]
    time_zone: NotRequired[str]
    overlap: NotRequired[str]
    missed: NotRequired[str]
    owner_id: NotRequired[int | None]
    paused: NotRequired[bool]


class BadSchedule(Refused):
    code = "BAD_SCHEDULE"


def wished(one: Schedule, wish: Wish) -> Schedule:
    """The schedule as it is wished, checked and not saved. Arguments that come back masked are again what they were.

    Raises:
        BadSchedule: naming the field that could never tick or be enqueued.
    """
    given = dict(wish)
    if given.get("cron"):
        given.setdefault("every", None)
    elif given.get("every"):
        given.setdefault("cron", "")
    if "arguments" in given:
        given["arguments"] = masking.restored(given["arguments"], one.arguments)
    for name, value in given.items():
        setattr(one, name, value)
    _check(one)
    return one


def save(one: Schedule, *, by: str, reason: str = "", origin: str = "") -> Schedule:
    """Keep a schedule that was checked, new or changed; who and why is recorded."""
    with transaction.atomic():
        audit.hold()
        # What the dispatcher ticks meanwhile is not undone: the next tick is of the row, unless the clock changes.
        row = Schedule.objects.select_for_update().filter(pk=one.pk).first()
        _check_name(one, row)
        is_moved = row is None or any(getattr(row, name) != getattr(one, name) for name in TICKING)
        one.next_tick = None if row is None or is_moved else row.next_tick  # what passed is not made up for
        one.save()
        before = shown(row) if row else None
        verb = "change" if row else "add"
        audit.record(verb, f"schedule {one.name}", by=by, reason=reason, origin=origin, before=before, after=shown(one))
    return one


def remove(one: Schedule, *, by: str, reason: str = "", origin: str = "") -> None:
    """Take a schedule away; the jobs that it made stay. Who and why is recorded."""
    with transaction.atomic():
        audit.hold()
        if Schedule.objects.filter(pk=one.pk).delete()[0]:
            audit.record("delete", f"schedule {one.name}", by=by, reason=reason, origin=origin, before=shown(one))


def ticks(one: Schedule, count: int = 5) -> list[datetime]:
    """The next ones, also of what is not saved yet; none while it is paused."""
    now = clock.now()
    one.created_at = one.created_at or now
    return [] if one.paused else schedule.preview(one, count, now)


def check_owner(owner_id: int | None) -> None:
    """Raises BadSchedule where there is no such user."""
    if owner_id is not None and not get_user_model()._default_manager.filter(pk=owner_id).exists():
        raise BadSchedule(f"There is no user {owner_id}.", field="owner_id")


def shown(one: Schedule) -> dict[str, Any]:
    """What there is to say of it, as anybody may read it."""
    arguments = masking.masked(one.arguments, masking.declared(one.task))
    return {name: getattr(one, name) for name in KEPT} | {"arguments": arguments}


def _check(one: Schedule) -> None:
    try:
        one.full_clean()
    except ValidationError as error:
        field, problems = next(iter(error.message_dict.items()))
        raise BadSchedule(f"{field}: {problems[0]}", field=field) from None
    check_owner(one.owner_id)


def _check_name(one: Schedule, row: Schedule | None) -> None:
    """Asked again under the lock of the audit: another may have taken the name, or the schedule away."""
    if one.pk and row is None:
        raise BadSchedule(f"The schedule {one.name!r} is not there any more.", field="name")
    if Schedule.objects.filter(name=one.name).exclude(pk=one.pk).exists():
        raise BadSchedule(f"There is a schedule {one.name!r} already.", field="name")
