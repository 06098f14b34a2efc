"""Giving and taking roles; each act is recorded."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser, Group
from django.db import transaction

from jobs import audit
from jobs.errors import Refused
from jobs.models import Grant, Role
from jobs.queues import QUEUE_ALIASES, limits
from jobs.reports import storable


@transaction.atomic
def grant(
    whom: AbstractUser | Group, role: str, *, queue: str = "", by: str, reason: str = "", origin: str = ""
) -> Grant:
    """Give a user or a group a role on a queue, or on all; it replaces the one held there.

    Raises:
        UnknownQueue: naming those that there are.
        Refused: there is no such role.
    """
    if role not in Role.values:
        raise Refused(f"There is no role {role[:50]!r}: give one of {', '.join(Role.values)}.", field="role")
    place = _place(whom, queue)
    held = Grant.objects.select_for_update().filter(**place).first()
    before = held.role if held else None
    if held is None:
        held = Grant(**place)
    held.role, held.by = role, storable(by)[:150]
    held.save()
    if before != role:
        _record("grant", held, before, role, by=by, reason=reason, origin=origin)
    return held


@transaction.atomic
def revoke(whom: AbstractUser | Group, *, queue: str = "", by: str, reason: str = "", origin: str = "") -> None:
    """Take back the role on a queue, or the one on all.

    Raises:
        Refused: there is no such grant.
    """
    held = Grant.objects.select_for_update().filter(**_place(whom, queue)).first()
    if held is None:
        raise Refused(f"{whom} has no role on {queue or 'all queues'}.", field="queue")
    _record("revoke", held, held.role, None, by=by, reason=reason, origin=origin)
    held.delete()


def _place(whom: AbstractUser | Group, queue: str) -> dict[str, object]:
    name = limits(QUEUE_ALIASES.get(queue, queue)).name if queue else ""
    return {"group" if isinstance(whom, Group) else "user": whom, "queue": name}


def _record(
    verb: str, held: Grant, before: str | None, after: str | None, *, by: str, reason: str, origin: str
) -> None:
    subject = f"{held.of_whom} on {held.queue or 'all queues'}"
    audit.record(verb, subject, by=by, reason=reason, origin=origin, before=before, after=after)
