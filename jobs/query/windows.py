"""Lists of jobs are looked at through a window: the newest so many of a set that an index keeps in order.

Whatever is asked of them, no more rows are read than that, however many there are and however few fit. What is older
is in the next window, which begins where this one ends: nothing is left out for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, Subquery

from jobs import owners
from jobs.clock import literal
from jobs.models import BADLY, WAITING, Batch, Job, JobQuerySet, JobStatus
from jobs.query.fields import FIELDS, GROUPS, identifier, meaning
from jobs.query.reading import Word

DEPTH = 10_000  # jobs of a window

FEW_EACH = {"id", "parent", "schedule"}  # an index leads to them, and there are no more than one can sort
FEW_EXACT = {"key", "correlation"}  # unless it is only how they begin
FLAGS_OF = {"delayed": WAITING, "due": WAITING, "rung": WAITING, "cancelling": (JobStatus.PROCESSING,)}


@dataclass(frozen=True)
class Window:
    """`jobs` in it. It goes back to `ends`, and no older job was looked at; None: it goes back to the first one."""

    jobs: JobQuerySet
    ends: datetime | None


def window(jobs: JobQuerySet, words: Iterable[Word], *, owner_id: int | None, older: Q) -> Window:
    """The newest of these jobs.

    Args:
        words: What they are, as far as it is known.
        owner_id: Whose they are, if they are all of one owner.
        older: Where it begins: `before` or `after`.
    """
    jobs = jobs.filter(older)
    among = _set_of(list(words), owner_id)
    if among is None:
        return Window(jobs, None)
    last = list(among.filter(older).newest_first().values_list("created_at", flat=True)[DEPTH - 1 : DEPTH + 1])
    if len(last) < 2:  # there is none beyond it
        return Window(jobs, None)
    return Window(jobs.filter(created_at__gte=literal(last[0])), last[0])


def before(moment: datetime) -> Q:
    """Made before the end of a window."""
    return Q(created_at__lt=literal(moment))


def after(row: Job | Batch) -> Q:
    """After this one in a list."""
    at: Any = row.created_at
    if connection.vendor == "sqlite":  # compares how times are written: only the database has them as they are
        at = Subquery(type(row)._default_manager.filter(pk=row.pk).values("created_at"))
    return (Q(created_at__lt=at) | Q(created_at=at, pk__lt=row.pk)) & Q(created_at__lte=at)


def _set_of(words: list[Word], owner_id: int | None) -> JobQuerySet | None:
    """The smallest set in the order of an index that all of them are in; None where they are few in any order."""
    words = [word for word in words if not word.negated]
    if any(_is_few(word) for word in words):
        return None
    statuses = _statuses(words)
    if statuses and statuses <= {JobStatus.PROCESSING, JobStatus.IN_DOUBT}:
        return None
    return _ordered(words, statuses, owner_id).filter(_times(words))


def _ordered(words: list[Word], statuses: set[str], owner_id: int | None) -> JobQuerySet:
    if owner_id is None:
        owner_id = next((owner for word in words if (owner := _owner(word))), None)
    if owner_id is not None:
        return Job.objects.filter(owner_id=owner_id)
    for word in words:
        if word.field == "batch" and (batch_id := identifier(word.values[0])) and len(word.values) == 1:
            return Job.objects.filter(batch_id=batch_id)
        if word.field == "fingerprint" and _is_one(word):
            return Job.objects.filter(fingerprint=word.values[0]).exclude(fingerprint="")
    if statuses and statuses <= set(WAITING):
        return Job.objects.waiting()
    if statuses and statuses <= set(BADLY):
        return Job.objects.filter(status__in=BADLY)
    return Job.objects.all()


def _is_few(word: Word) -> bool:
    if word.field == "is":
        return word.values == ("unique",)
    return word.field in FEW_EACH or (word.field in FEW_EXACT and not any(value.endswith("*") for value in word.values))


def _is_one(word: Word) -> bool:
    return len(word.values) == 1 and not word.values[0].endswith("*")


def _statuses(words: list[Word]) -> set[str]:
    """The statuses that they can have; none where nothing is said of it."""
    found: set[str] = set()
    for word in words:
        if word.field not in ("status", "is"):
            continue
        known = GROUPS if word.field == "status" else FLAGS_OF
        if word.field == "is" and not set(word.values) <= set(FLAGS_OF):
            continue
        said = {str(status) for value in word.values for status in known.get(value, (value,))}
        found = said & found if found else said
    return found


def _owner(word: Word) -> int | None:
    if word.field != "owner" or not _is_one(word):
        return None
    ids = owners.ids_of(word.values[0])
    return ids[0] if len(ids) == 1 else None


def _times(words: list[Word]) -> Q:
    """When they were made, as far as the words say: nothing ends before it is made."""
    found = Q()
    for word in words:
        if word.field in ("age", "created"):
            found &= meaning(word)
        elif word.field == "finished" and word.operator in ("", "<", "<=") and len(word.values) == 1:
            found &= FIELDS["created"].meaning(word.values[0], word.operator or "<=")
    return found
