"""Running jobs of one cause again in stages: a few first, and on only when those did not fail again."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from jobs import again, query
from jobs.again import Preview, Retried
from jobs.errors import Refused
from jobs.lifecycle import AGAIN
from jobs.models import Job, JobQuerySet, JobStatus, StageRun
from jobs.models.grant import User
from jobs.query import Word

SIZES = (5, 50, 5_000)
BAD = (JobStatus.FAILED, JobStatus.DEAD, JobStatus.IN_DOUBT)


class Verdict(StrEnum):
    NONE = "none"  # nothing was tried yet
    GOING = "going"  # some are not through
    GOOD = "good"
    BAD = "bad"  # some went wrong again


STOPS = {
    Verdict.GOING: "Not all of the last ones are through. Wait for them, or say that you go on: anyway.",
    Verdict.BAD: "Some of the last ones failed again. Mend the cause first, or say that you go on: anyway.",
}


@dataclass(frozen=True)
class Stage:
    """The jobs that were run again last, and how many of them are in which state by now."""

    ids: Sequence[uuid.UUID] = ()
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        if not self.ids:
            return Verdict.NONE
        if any(self.counts.get(status) for status in BAD):
            return Verdict.BAD
        ended = sum(self.counts.get(status, 0) for status in ("completed", "cancelled", "expired"))
        return Verdict.GOOD if ended >= sum(self.counts.values()) else Verdict.GOING

    @property
    def next_size(self) -> int:
        """How many go next: the first few, again after a failure, or more than the last time."""
        if self.verdict in (Verdict.NONE, Verdict.BAD):
            return SIZES[0]
        return next((size for size in SIZES if size > len(self.ids)), SIZES[-1])


def preview(jobs: JobQuerySet, fingerprint: str, *, owner_id: int | None = None) -> Preview:
    """What running these jobs of a cause again would mean, of the newest ones.

    Args:
        owner_id: Whose they are, if they are all of one owner.
    """
    cause = Word("fingerprint", "", (fingerprint,))
    return again.preview_of(query.look(jobs, narrowed=[cause], owner_id=owner_id))


def last(user: User, fingerprint: str) -> Stage:
    """Those of a cause that this person ran again last, and how they fare."""
    row = StageRun.objects.filter(user_id=user.pk or 0, fingerprint=fingerprint).first()
    return look([uuid.UUID(job_id) for job_id in row.ids] if row else [])


def run_next(
    jobs: JobQuerySet,
    fingerprint: str,
    size: int | None = None,
    *,
    user: User,
    by: str = "",
    anyway: bool = False,
    reason: str = "",
    origin: str = "",
) -> Retried:
    """The next stage of these jobs of a cause: by itself a few first, and more each time that none failed again.

    Args:
        by: Who does it, where that is no user of the site: all of these share what was run last.

    Raises:
        Refused: some of the last ones failed again, or are not through, and nobody says that it goes on `anyway`.
    """
    before = last(user, fingerprint)
    if before.verdict in STOPS and not anyway:
        raise Refused(STOPS[before.verdict], field="anyway")
    number = size or before.next_size
    ids, done = go(jobs, number, by=by or user.get_username(), reason=reason, origin=origin)
    StageRun.objects.update_or_create(
        user_id=user.pk or 0, fingerprint=fingerprint, defaults={"ids": [str(job_id) for job_id in ids]}
    )
    return done


def look(ids: Sequence[uuid.UUID]) -> Stage:
    """How those that were run again fare."""
    return Stage(ids, dict(Counter(Job.objects.filter(pk__in=ids).values_list("status", flat=True))))


def go(jobs: JobQuerySet, size: int, *, by: str, reason: str, origin: str) -> tuple[list[uuid.UUID], Retried]:
    """Run the oldest of these jobs again, so many at most. Returns which, and what became of the wish."""
    ended = jobs.filter(status__in=AGAIN).order_by("finished_at", "pk")
    ids = list(ended.values_list("pk", flat=True)[:size])
    done = again.retry_all(Job.objects.filter(pk__in=ids), by=by, reason=reason, limit=size, origin=origin)
    return [job_id for job_id in ids if job_id not in done.busy], done
