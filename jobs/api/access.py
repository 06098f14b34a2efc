"""Who may see and do what over REST: staff everything, others what is their own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Q, QuerySet
from rest_framework.exceptions import PermissionDenied

from jobs.errors import JobNotFound
from jobs.models import Batch, Effect, Job, JobQuerySet, Schedule

User = AbstractUser | AnonymousUser

MAY_ENQUEUE = "jobs.add_job"
MAY_STEER = "jobs.change_job"


def visible_job(user: User, job_id: str) -> Job:
    """The job under its id, or its caller's own id, if the user may see it.

    Raises:
        JobNotFound: there is none, or it is somebody else's; nothing in the answer tells which.
    """
    job = _find(user, job_id)
    if job is None:
        raise JobNotFound(f"There is no job {job_id[:200]!r}.", field="job_id")
    return job


def visible_jobs(user: User) -> JobQuerySet:
    """The jobs that the user may see."""
    return Job.objects.visible_to(user)


def steerable_jobs(user: User) -> JobQuerySet:
    """The jobs that the user may cancel and run again."""
    return visible_jobs(user)


def visible_batches(user: User) -> QuerySet[Batch]:
    batches = Batch.objects.all()
    return batches if user.is_staff else batches.filter(owner_id=user.pk or -1)


def visible_schedules(user: User) -> QuerySet[Schedule]:
    schedules = Schedule.objects.all()
    return schedules if user.is_staff else schedules.filter(owner_id=user.pk or -1)


def visible_effects(user: User) -> QuerySet[Effect]:
    """Of jobs that the user may see."""
    return Effect.objects.filter(job__in=visible_jobs(user))


def sees_platform(user: User) -> bool:
    """Whether the user may see what concerns everybody: counts of all jobs, workers and what they run."""
    return user.is_staff


def check_platform(user: User) -> None:
    """Raises PermissionDenied unless the user sees the platform."""
    if not sees_platform(user):
        raise PermissionDenied


def check_list_of(user: User, owner_id: int) -> None:
    """Raises PermissionDenied unless the user may list this owner's jobs."""
    if not user.is_staff and user.pk != owner_id:
        raise PermissionDenied


def check_enqueue(user: User, args: Mapping[str, Any], owner_id: int | None) -> None:
    """Raises PermissionDenied unless the user may enqueue by task name, and for this owner."""
    if user.is_staff:
        return
    lead = args.get("lead_data")
    named = [owner_id, args.get("user_id"), lead.get("user_id") if isinstance(lead, dict) else None]
    others = any(value is not None and str(value) != str(user.pk) for value in named)
    if others or not user.has_perm(MAY_ENQUEUE):
        raise PermissionDenied


def check_steer(user: User, permission: str) -> None:
    """Raises PermissionDenied unless the user is staff with this permission: what it allows concerns everybody."""
    if not (user.is_staff and user.has_perm(permission)):
        raise PermissionDenied


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
