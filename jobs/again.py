"""Running many ended jobs again: first what it would mean, then in small transactions."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from jobs import audit, clock, lifecycle, query, registry
from jobs.errors import Refused
from jobs.lifecycle import AGAIN
from jobs.models import Effect, EffectStatus, Job, JobQuerySet, JobStatus
from jobs.queues import QUEUE_ALIASES, limits
from jobs.reports import clean, storable
from jobs.uniqueness import WAITING_SLOT

MOST = 10_000  # jobs of one call, unless it says otherwise
AT_ONCE = 200  # jobs of one transaction
BUSY_MOST = 1_000  # jobs passed over, since another has their place, after which a call ends
EVERY = Q()
CAUSES = 20  # shown, the most frequent first


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which ended jobs; what is left out does not narrow it. Checked when it is made.

    Raises:
        UnknownQueue, UnknownTask, Refused: naming the field and what there is.
    """

    queue: str = ""
    task: str = ""
    statuses: tuple[str, ...] = (JobStatus.FAILED.value, JobStatus.DEAD.value)
    fingerprint: str = ""
    owner_id: int | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    q: str = ""  # a search, beside the rest

    def __post_init__(self) -> None:
        if self.queue:
            limits(QUEUE_ALIASES.get(self.queue, self.queue))
        if self.task:
            registry.get(self.task)
        if not self.statuses or set(self.statuses) - set(AGAIN):
            raise Refused(f"status is one or more of {', '.join(AGAIN)}.", field="status")
        for name in ("ended_after", "ended_before"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise Refused(f"{name} has no time zone: give an aware datetime.", field=name)
        query.condition(self.q)

    def jobs(self, among: JobQuerySet | None = None) -> JobQuerySet:
        """Those of these jobs, or of all, that are meant."""
        given = {
            "queue": QUEUE_ALIASES.get(self.queue, self.queue),
            "task": self.task,
            "fingerprint": storable(self.fingerprint),
            "owner_id": self.owner_id,
            "finished_at__gte": self.ended_after,
            "finished_at__lte": self.ended_before,
        }
        narrowed = {name: value for name, value in given.items() if value not in ("", None)}
        jobs = Job.objects.all() if among is None else among
        return query.search(jobs.filter(status__in=self.statuses, **narrowed), self.q)


@dataclass(frozen=True)
class Cause:
    """Jobs that ended alike: how many, and one of them with its error."""

    fingerprint: str
    error_class: str
    count: int
    example: uuid.UUID
    error: str


@dataclass(frozen=True)
class Preview:
    """What a retry of these jobs would mean.

    `effects_made` were confirmed: they are skipped. `effects_unclear` were begun: their provider is asked first.
    `busy` jobs stay as they are while another has their place. `until`: jobs that end later are not in it.
    """

    count: int
    causes: list[Cause]
    other_causes: int
    effects_made: int
    effects_unclear: int
    busy: int
    until: datetime


@dataclass
class Retried:
    """How many wait again; which did not, since another job has their place (job and holder); how many are left."""

    done: int = 0
    busy: dict[uuid.UUID, str] = field(default_factory=dict)
    left: int = 0


def preview_retry(selection: Selection, *, among: Q = EVERY) -> Preview:
    """Count what `retry_many` would run again, by cause. Changes nothing."""
    return preview_of(selection.jobs().filter(among))


def retry_many(
    selection: Selection,
    *,
    by: str,
    reason: str = "",
    limit: int = MOST,
    until: datetime | None = None,
    origin: str = "",
    among: Q = EVERY,
) -> Retried:
    """Run jobs again that ended so, the oldest first, in small transactions; recorded with who and why.

    Args:
        limit: How many at most.
        until: Of a preview: what ended after it is left alone, also what this call set going and failed again.
        among: Of these jobs only: those that the person may run again.
    """
    named = {name: value for name, value in asdict(selection).items() if value not in ("", None)}
    return retry_all(
        selection.jobs().filter(among), by=by, reason=reason, limit=limit, until=until, origin=origin, named=named
    )


def preview_of(jobs: QuerySet[Job]) -> Preview:
    """As `preview_retry`, of any jobs; those that have not ended so do not count."""
    until = clock.now()
    jobs = jobs.filter(status__in=AGAIN, finished_at__lte=until).order_by()
    groups = list(jobs.values_list("fingerprint", "error_class").annotate(number=Count("*")).order_by("-number"))
    effects = Effect.objects.filter(job__in=jobs.values("pk"))
    return Preview(
        count=sum(number for *_, number in groups),
        causes=[_cause(jobs, *group) for group in groups[:CAUSES]],
        other_causes=len(groups[CAUSES:]),
        effects_made=effects.filter(status=EffectStatus.CONFIRMED).count(),
        effects_unclear=effects.filter(status=EffectStatus.ATTEMPTING).count(),
        busy=_count_busy(jobs),
        until=until,
    )


def retry_all(
    jobs: QuerySet[Job],
    *,
    by: str,
    reason: str = "",
    limit: int = MOST,
    until: datetime | None = None,
    origin: str = "",
    named: Any = None,
) -> Retried:
    """As `retry_many`, of any jobs. `named`: how the record says which."""
    by, reason = storable(by), clean(reason)
    jobs = jobs.filter(status__in=AGAIN, finished_at__lte=until or clock.now())
    answer = Retried()
    while answer.done < limit and len(answer.busy) < BUSY_MOST:
        oldest = jobs.exclude(pk__in=list(answer.busy)).order_by("finished_at", "pk").values_list("pk", flat=True)
        ids = list(oldest[: min(AT_ONCE, limit - answer.done)])
        if not ids:
            break
        replayed = lifecycle.replay_many(ids, by=by, reason=reason)
        answer.done += len(replayed.done)
        answer.busy |= replayed.busy
    answer.left = jobs.exclude(pk__in=list(answer.busy)).count()
    if answer.done:
        after = {"done": answer.done, "busy": len(answer.busy), "left": answer.left}
        which = None if named is None else {"selection": {name: _text(value) for name, value in named.items()}}
        audit.record("retry", "jobs", by=by, reason=reason, origin=origin, before=which, after=after)
    return answer


def _cause(jobs: QuerySet[Job], fingerprint: str, error_class: str, number: int) -> Cause:
    example = jobs.filter(fingerprint=fingerprint, error_class=error_class).values_list("pk", "error", "reason").first()
    assert example is not None
    job_id, error, reason = example
    return Cause(fingerprint, error_class, number, job_id, error or reason)


def _count_busy(jobs: QuerySet[Job]) -> int:
    holder = Job.objects.filter(unique_slot=OuterRef("unique_key"))
    waiting = Job.objects.filter(unique_slot=OuterRef("waiting"))
    plain = jobs.filter(Exists(holder), unique_scope__in=["waiting", "running"])
    latest = jobs.filter(unique_scope="latest").annotate(waiting=Concat(F("unique_key"), Value(WAITING_SLOT)))
    return plain.count() + latest.filter(Exists(waiting)).count()


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
