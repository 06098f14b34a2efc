"""Running many ended jobs again: first what it would mean, then in small transactions."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from jobs import audit, clock, effects, lifecycle, query, registry
from jobs.errors import Refused
from jobs.lifecycle import AGAIN
from jobs.models import Job, JobQuerySet, JobStatus
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
        return query.search(self._narrowed(among), self.q)

    def look(self, among: JobQuerySet | None = None, *, owner_id: int | None = None) -> query.Window:
        """The newest of them, as far back as one look goes.

        Args:
            owner_id: Whose these jobs are, if they are all of one owner.
        """
        words = [query.Word("status", "", self.statuses)]
        if self.fingerprint:
            words.append(query.Word("fingerprint", "", (storable(self.fingerprint),)))
        owner_id = self.owner_id if owner_id is None else owner_id
        return query.look(self._narrowed(among), self.q, narrowed=words, owner_id=owner_id)

    def _narrowed(self, among: JobQuerySet | None) -> JobQuerySet:
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
        return jobs.filter(status__in=self.statuses, **narrowed)


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
    `since`: those that were enqueued before it were not counted; None: all were.
    """

    count: int
    causes: list[Cause]
    other_causes: int
    effects_made: int
    effects_unclear: int
    busy: int
    until: datetime
    since: datetime | None


@dataclass
class Retried:
    """How many wait again; which did not, since another job has their place (job and holder); how many are left."""

    done: int = 0
    busy: dict[uuid.UUID, str] = field(default_factory=dict)
    left: int = 0


def preview_retry(selection: Selection, *, among: Q = EVERY) -> Preview:
    """Count what `retry_many` would run again, by cause, as far back as one look goes. Changes nothing."""
    return preview_of(selection.look(Job.objects.filter(among)))


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


def preview_of(looked: query.Window) -> Preview:
    """As `preview_retry`, of any jobs that have ended so."""
    until = clock.now()
    columns = ("pk", "fingerprint", "error_class", "unique_scope", "finished_at")
    # Until when is compared here: in SQL it leads to an index of all that ever ended.
    rows = [row for row in looked.jobs.newest_first().values_list(*columns) if row[4] <= until]
    causes: dict[tuple[str, str], list[uuid.UUID]] = {}
    for job_id, fingerprint, error_class, *_ in rows:
        causes.setdefault((fingerprint, error_class), []).append(job_id)
    groups = sorted(causes.items(), key=lambda group: len(group[1]), reverse=True)
    made, unclear = effects.counted(looked.jobs)
    return Preview(
        count=len(rows),
        causes=_causes(groups[:CAUSES]),
        other_causes=len(groups[CAUSES:]),
        effects_made=made,
        effects_unclear=unclear,
        busy=_count_busy(looked.jobs) if any(row[3] for row in rows) else 0,
        until=until,
        since=looked.ends,
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


def _causes(groups: list[tuple[tuple[str, str], list[uuid.UUID]]]) -> list[Cause]:
    """Each with its newest job."""
    examples = Job.objects.only("error", "reason").in_bulk([ids[0] for _, ids in groups])
    return [
        Cause(*cause, len(ids), ids[0], example.error or example.reason)
        for cause, ids in groups
        if (example := examples.get(ids[0]))
    ]


def _count_busy(jobs: QuerySet[Job]) -> int:
    jobs = jobs.order_by()
    holder = Job.objects.filter(unique_slot=OuterRef("unique_key"))
    waiting = Job.objects.filter(unique_slot=OuterRef("waiting"))
    plain = jobs.filter(Exists(holder), unique_scope__in=["waiting", "running"])
    latest = jobs.filter(unique_scope="latest").annotate(waiting=Concat(F("unique_key"), Value(WAITING_SLOT)))
    return plain.count() + latest.filter(Exists(waiting)).count()


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
