"""What `jobs.access` says, as answers over REST: what is invisible is not found, what is not allowed is refused."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from jobs import access
from jobs.access import Verb
from jobs.errors import JobNotFound
from jobs.models import Batch, Effect, EffectQuerySet, Job, JobQuerySet, Schedule
from jobs.models.grant import User


def visible_job(user: User, job_id: str) -> Job:
    """The job under its id, or its caller's own id, if the user may see it.

    Raises:
        JobNotFound: there is none, or it is somebody else's; nothing in the answer tells which.
    """
    job = _find(user, job_id)
    if job is None:
        raise JobNotFound(f"There is no job {job_id[:200]!r}.", field="job_id")
    return job


def steerable_job(user: User, verb: Verb, job_id: str) -> Job:
    """The job, if the user may do this to it.

    Raises:
        JobNotFound: as `visible_job`.
        PermissionDenied: the user may see it, and no more.
    """
    job = visible_job(user, job_id)
    access.check(user, verb, job)
    return job


def visible_jobs(user: User) -> JobQuerySet:
    """The jobs that the user may see."""
    return Job.objects.visible_to(user)


def visible_jobs_of(user: User, queue: str) -> JobQuerySet:
    """Those of one queue."""
    return Job.objects.visible_on(user, queue)


def steerable_jobs(user: User) -> JobQuerySet:
    """The jobs that the user may cancel and run again."""
    return visible_jobs(user).filter(access.reach(user, Verb.CANCEL))


def visible_batches(user: User) -> QuerySet[Batch]:
    """Their own; all for viewers of all queues, since a batch has none."""
    batches = Batch.objects.all()
    return batches if sees_platform(user) else batches.filter(owner_id=user.pk or -1)


def visible_schedules(user: User) -> QuerySet[Schedule]:
    """Their own, and those whose task is of a queue on which they have a role."""
    schedules = Schedule.objects.all()
    if sees_platform(user):
        return schedules
    return schedules.filter(Q(owner_id=user.pk or -1) | Q(task__in=access.tasks(user, Verb.SEE)))


def visible_effects(user: User) -> EffectQuerySet:
    """Of jobs that the user may see."""
    return Effect.objects.filter(job__in=visible_jobs(user))


def sees_platform(user: User) -> bool:
    """Whether the user may see what concerns everybody: counts of all jobs, workers and what they run."""
    return access.may(user, Verb.SEE)


def check_platform(user: User) -> None:
    """Raises PermissionDenied unless the user sees the platform."""
    access.check(user, Verb.SEE)


def check_list_of(user: User, owner_id: int) -> None:
    """Raises PermissionDenied unless the user may ask for this owner's jobs; they get what is visible to them."""
    if user.pk != owner_id and not access.may_somewhere(user, Verb.SEE):
        raise PermissionDenied


def check_enqueue(user: User, task: str, args: Mapping[str, Any], owner_id: int | None) -> None:
    """Raises PermissionDenied unless the user may enqueue this task, and for this owner."""
    if not access.may_enqueue(user, task, args, owner_id):
        raise PermissionDenied


def check(user: User, verb: Verb, subject: access.Subject) -> None:
    """Raises PermissionDenied unless the user may."""
    access.check(user, verb, subject)


def _find(user: User, job_id: str) -> Job | None:
    if "\x00" in job_id:
        return None
    jobs = visible_jobs(user)
    try:
        identifier = uuid.UUID(job_id)
    except ValueError:
        return jobs.filter(key=job_id).first()
    found = list(jobs.filter(Q(pk=identifier) | Q(key=job_id))[:2])
    # A caller's own id may look like another job's id: the platform's own comes first.
    return min(found, key=lambda job: job.pk != identifier, default=None)
