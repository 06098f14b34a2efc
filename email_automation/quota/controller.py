"""How much may be asked of a provider now: one controller for each account and one for the project, for all workers.

Their state is a row each, so that it survives and needs no Redis. A process takes units for a tenth of a second at
once: a busy project's row is written ten times a second by each process, however many calls that is.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import connection, transaction

from email_automation.models import Quota
from email_automation.quota.pacing import Pace
from jobs import clock
from jobs.errors import Snooze

COSTS = {  # units; Google's, for projects made since May 2026
    "getProfile": 1,
    "watch": 100,
    "stop": 50,
    "history.list": 2,
    "labels.list": 1,
    "labels.get": 1,
    "labels.create": 5,
    "messages.list": 5,
    "messages.get": 20,
    "messages.attachments.get": 20,
    "messages.modify": 5,
    "messages.batchModify": 50,
    "messages.trash": 5,
    "messages.untrash": 5,
    "messages.send": 100,
    "messages.insert": 25,
    "messages.import": 25,
    "threads.list": 10,
    "threads.get": 40,
    "threads.modify": 10,
    "drafts.create": 10,
    "drafts.update": 15,
    "drafts.get": 20,
    "drafts.list": 5,
    "drafts.delete": 10,
    "drafts.send": 100,
}
DEAREST = 100  # what a call costs that the table does not know
CHUNK = 0.1  # seconds
RATE_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"})
PROJECT_REASONS = frozenset({"dailyLimitExceeded", "quotaExceeded"})
PATIENCE = 5.0  # seconds
SPREAD = 0.2  # those that come back do not do so at one moment


def cost(method: str) -> int:
    """Units that a call costs, such as `messages.get`."""
    return int(settings.GMAIL_COSTS.get(method, COSTS.get(method, DEAREST)))


def at_once(units: float, rate: float) -> float:
    """Units to take where a call costs so many: for whole calls, as what is left over is lost."""
    return units * max(1.0, rate / 60 * CHUNK // units)


def reserve(account_key: str, units: float, *, patience: float = PATIENCE) -> None:
    """Wait until so many units may be spent on an account. Call it outside a transaction.

    Raises:
        Snooze: that takes longer than `patience` seconds; the job comes back by itself, at no cost.
    """
    for key in (account_key, project_of(account_key)):
        _wait(key, units, patience)


def learned(account_key: str, status: int, reason: str = "", retry_after: float | None = None) -> bool:
    """Tell what an answer's status and reason say of the quota. Returns whether it was a refusal for speed.

    Args:
        reason: Google's word in the error, or the name of the limit (`...PerMinutePerProject`).
        retry_after: Seconds, where the answer has them.
    """
    if not is_refusal(status, reason):
        return False
    key = project_of(account_key) if _is_of_project(reason) else account_key
    with transaction.atomic():
        now = clock.now().timestamp()
        row = _row(key, now)
        _keep(row, _pace(row).refused(now, retry_after))
    _purses.forget(key)
    return True


def is_refusal(status: int, reason: str = "") -> bool:
    """Whether an answer means: too fast."""
    return status == 429 or (status == 403 and (reason in RATE_REASONS or _is_of_project(reason)))


def project_of(account_key: str) -> str:
    """The key of what all accounts of a provider share."""
    return account_key.partition(":")[0]


def _is_of_project(reason: str) -> bool:
    return reason in PROJECT_REASONS or "perproject" in reason.lower()


def _wait(key: str, units: float, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _purses.spend(key, units):
        taken = _take(key, units, deadline - time.monotonic())
        if taken.seconds > 0:
            threading.Event().wait(taken.seconds)
            if _was_refused_since(key, taken):
                continue  # what waited in line is lost: the line begins anew
        _purses.put(key, taken.units - units)
        return


@dataclass(frozen=True)
class _Taken:
    units: float
    seconds: float
    refusals: int


@transaction.atomic
def _take(key: str, units: float, patience: float) -> _Taken:
    """Units, and the seconds until they may be spent. Raises Snooze if those are too many."""
    now = clock.now().timestamp()
    row = _row(key, now)
    pace = _pace(row)
    if (seconds := pace.wait(now)) > max(patience, 0.0):
        come_back = seconds * (1 + random.random() * SPREAD)  # noqa: S311 - spreads load, keeps no secret
        raise Snooze(come_back, f"the quota of {key} is used up for {seconds:.0f} s")
    chunk = at_once(units, pace.rate)
    _keep(row, pace.taken(chunk, now, _limit(key)))
    return _Taken(chunk, seconds, row.refusals)


def _was_refused_since(key: str, taken: _Taken) -> bool:
    return Quota.objects.filter(pk=key).exclude(refusals=taken.refusals).exists()


def _row(key: str, now: float) -> Quota:
    """The row, locked."""
    rows = Quota.objects.filter(pk=key)
    if connection.vendor == "postgresql":  # SQLite's transactions begin by taking the one write lock
        rows = rows.select_for_update()
    row = rows.first()
    if row is None:
        Quota.objects.bulk_create([Quota(key=key, **asdict(Pace.starting(_start(key), now)))], ignore_conflicts=True)
        return rows.get()
    return row


def _start(key: str) -> float:
    return float(settings.GMAIL_USER_UNITS if ":" in key else settings.GMAIL_PROJECT_UNITS)


def _limit(key: str) -> float:
    return float(settings.GMAIL_USER_UNITS_LIMIT if ":" in key else settings.GMAIL_PROJECT_UNITS)


def _pace(row: Quota) -> Pace:
    return Pace(**{name: getattr(row, name) for name in Pace.__dataclass_fields__})


def _keep(row: Quota, pace: Pace) -> None:
    Quota.objects.filter(pk=row.pk).update(**asdict(pace))


@dataclass
class _Purse:
    units: float
    until: float  # on the monotonic clock: what is not spent by then is lost, not saved up


class _Purses:
    """Units that this process has taken and not spent yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._purses: dict[str, _Purse] = {}

    def spend(self, key: str, units: float) -> bool:
        with self._lock:
            purse = self._purses.get(key)
            if purse is None or purse.units < units or time.monotonic() > purse.until:
                return False
            purse.units -= units
            return True

    def put(self, key: str, units: float) -> None:
        if units > 0:
            with self._lock:
                now = time.monotonic()
                left = self._purses.get(key)
                kept = left.units if left and now <= left.until else 0.0
                self._purses[key] = _Purse(kept + units, now + 2 * CHUNK)

    def forget(self, key: str) -> None:
        with self._lock:
            self._purses.pop(key, None)

    def empty(self) -> None:
        """What a fork inherited is its parent's."""
        self._lock = threading.Lock()
        self._purses = {}


_purses = _Purses()
os.register_at_fork(after_in_child=_purses.empty)
