"""Totals that only grow, of what is no job's end: attempts that did not succeed, lost workers, effects, doorbells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db.models import Count, F, Q, Subquery

from jobs.models import Attempt, Counted, Effect, EffectStatus, Total
from jobs.models.job import CANARY
from jobs.reports import WORKER_LOST

ATTEMPTS = "attempts"
EFFECTS = "effects"
RESCUES = "rescues"
RINGS = "rings"


class Key(NamedTuple):
    what: str
    queue: str
    kind: str = ""
    outcome: str = ""


def count(window: Counted) -> None:
    """Add what ended in this time. The caller holds the window's lock."""
    add(_attempts(window) | _rescues(window) | _effects(window))


def add(numbers: Mapping[Key, int]) -> None:
    """Let totals grow; one that is new begins."""
    for key, number in numbers.items():
        total = Total.objects.filter(**key._asdict())
        if not total.update(number=F("number") + number):
            Total.objects.bulk_create([Total(**key._asdict())], ignore_conflicts=True)
            total.update(number=F("number") + number)


def _attempts(window: Counted) -> dict[Key, int]:
    ended = Attempt.objects.filter(_within(window, "finished_at")).exclude(job__task=CANARY)
    rows = ended.order_by().values_list("job__queue", "job__task", "outcome").annotate(Count("pk"))
    return {Key(ATTEMPTS, queue, task, outcome): number for queue, task, outcome, number in rows}


def _rescues(window: Counted) -> dict[Key, int]:
    lost = Attempt.objects.filter(_within(window, "finished_at"), error_class=WORKER_LOST).exclude(job__task=CANARY)
    rows = lost.order_by().values_list("job__queue", "job__task").annotate(Count("pk"))
    return {Key(RESCUES, queue, task): number for queue, task, number in rows}


def _effects(window: Counted) -> dict[Key, int]:
    settled = Effect.objects.filter(_within(window, "settled_at"), job__isnull=False)
    known = settled.exclude(status=EffectStatus.ATTEMPTING)
    rows = known.order_by().values_list("job__queue", "kind", "status").annotate(Count("pk"))
    return {Key(EFFECTS, queue, kind, status): number for queue, kind, status, number in rows}


def _within(window: Counted, column: str) -> Q:
    # Only the database compares these times, as in `jobs.statistics`.
    mark = Counted.objects.filter(pk=window.pk)
    since, until = Subquery(mark.values("since")), Subquery(mark.values("until"))
    return Q(**{f"{column}__gt": since, f"{column}__lte": until})
