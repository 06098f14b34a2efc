"""Holding what cannot go on until something outside changes, and letting it go on. A task says so: `errors.Held`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count

from jobs import audit, lifecycle
from jobs.errors import JobNotFound
from jobs.models import Hold
from jobs.reports import storable

AT_ONCE = 500  # rows of one statement
WAKE_FOR = 0.2  # seconds that one round of the dispatcher spends on it

Mend = Callable[[str, str, str], None]  # takes the key, by whom, why

_mends: dict[str, Mend] = {}


def hold(key: str, reason: str) -> bool:
    """Let jobs that answer `Held(key)` wait from now on. Returns whether they did not before."""
    return lifecycle.hold(key, reason)


def release(key: str) -> bool:
    """Let everything go on that was held under a key, with this transaction. Returns whether anything was.

    The first jobs are due at once; where there are many, the dispatcher wakes the rest.
    """
    released = lifecycle.release_hold(key)
    lifecycle.wake_released(AT_ONCE)
    return released


def mended_by(kind: str, mend: Mend) -> None:
    """What a person's release does first to what is held under `kind:...`: ends the cause, or raises Refused.

    Call it from the app's `AppConfig.ready`. Without one a release only lets the jobs go on.
    """
    _mends[kind] = mend


@dataclass(frozen=True)
class Holding:
    """A hold, and how many jobs wait for it."""

    key: str
    reason: str
    since: datetime
    jobs: int


def held(key: str | None = None) -> list[Holding]:
    """What jobs wait for now, or what they wait for under this key. One query."""
    holds = Hold.objects.filter(released_at=None) if key is None else Hold.objects.filter(released_at=None, key=key)
    rows = holds.annotate(number=Count("jobs")).filter(number__gt=0)
    return [Holding(*row) for row in rows.values_list("key", "reason", "since", "number")]


def release_by_hand(key: str, *, by: str, reason: str = "", origin: str = "") -> Hold:
    """As `release`, by a person, once what they can mend is mended. Who and why is recorded.

    Raises:
        JobNotFound: nothing is held under this key.
        Refused: what it is held for has to be mended elsewhere; the text says where.
    """
    with transaction.atomic():
        audit.hold()
        found = Hold.objects.filter(key=storable(key), released_at=None).first()
        if found is None:
            raise JobNotFound(f"Nothing is held under {key[:100]!r}.", field="key", code="HOLD_NOT_FOUND")
        if mend := _mends.get(key.partition(":")[0]):
            mend(key, by, reason)
        release(key)
        before = {"reason": found.reason}
        audit.record("release", f"hold {key}", by=by, reason=reason, origin=origin, before=before)
    return found


def run_once() -> int:
    """Wake what released holds still hold, in small statements. Returns how many jobs."""
    until = time.monotonic() + WAKE_FOR
    woken = more = lifecycle.wake_released(AT_ONCE)
    while more == AT_ONCE and time.monotonic() < until:
        more = lifecycle.wake_released(AT_ONCE)
        woken += more
    return woken
