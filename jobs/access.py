"""Who may do what: one question, `may(user, verb, subject)`, asked by the admin and by REST.

A role is held on a queue or on all. What has no queue, a batch or a quarantined message, asks for the role on all.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from jobs import registry
from jobs.models import Batch, Grant, Job, QueueControl, Role, Schedule, TaskControl
from jobs.models.grant import RANK, User, standing_of
from jobs.queues import QUEUES

MAY_ENQUEUE = "jobs.add_job"  # for themselves, without a role
MAY_REVEAL = "jobs.reveal_job"  # where they may see, without being admin there


class Verb(StrEnum):
    SEE = "see"
    CANCEL = "cancel"
    RETRY = "retry"
    RESOLVE = "resolve"
    ENQUEUE = "enqueue"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"  # a worker
    DELETE = "delete"  # what is quarantined
    SCHEDULE = "schedule"
    REVEAL = "reveal"
    AUDIT = "audit"
    GRANT = "grant"


NEEDS: Mapping[Verb, Role] = {
    Verb.SEE: Role.VIEWER,
    Verb.CANCEL: Role.OPERATOR,
    Verb.RETRY: Role.OPERATOR,
    Verb.RESOLVE: Role.OPERATOR,
    Verb.ENQUEUE: Role.OPERATOR,
    Verb.PAUSE: Role.OPERATOR,
    Verb.RESUME: Role.OPERATOR,
    Verb.STOP: Role.OPERATOR,
    Verb.DELETE: Role.OPERATOR,
    Verb.SCHEDULE: Role.ADMIN,
    Verb.REVEAL: Role.ADMIN,
    Verb.AUDIT: Role.ADMIN,
    Verb.GRANT: Role.ADMIN,
}
OWNERS = frozenset({Verb.SEE, Verb.CANCEL, Verb.RETRY})  # of their own jobs and batches, without a role

Subject = Job | Batch | Schedule | QueueControl | TaskControl | registry.TaskSpec | str | None


def may(user: User, verb: Verb, subject: Subject = None) -> bool:
    """Whether this user may do this to a job, batch, schedule, control, task or queue (by its name); None: to all."""
    queue, owner_id = _place(subject)
    if verb in OWNERS and owner_id is not None and owner_id == user.pk and user.is_active:
        return True
    standing = standing_of(user)
    if verb == Verb.REVEAL and standing.on(queue) and user.has_perm(MAY_REVEAL):
        return True
    return standing.on(queue) >= RANK[NEEDS[verb]]


def check(user: User, verb: Verb, subject: Subject = None) -> None:
    """Raises PermissionDenied where `may` says no. What the user may not even see is looked up by `visible_to`."""
    if not may(user, verb, subject):
        raise PermissionDenied


def may_somewhere(user: User, verb: Verb) -> bool:
    """Whether there is a queue on which the user may: whether to offer it at all."""
    return standing_of(user).anywhere >= RANK[NEEDS[verb]]


def may_enqueue(user: User, task: str, args: Mapping[str, Any], owner_id: int | None) -> bool:
    """Operators of the task's queue for anybody; users with the permission `jobs.add_job` for themselves."""
    if may(user, Verb.ENQUEUE, registry.find(task)):
        return True
    lead = args.get("lead_data")
    named = [owner_id, args.get("user_id"), lead.get("user_id") if isinstance(lead, dict) else None]
    others = any(value is not None and str(value) != str(user.pk) for value in named)
    return not others and user.has_perm(MAY_ENQUEUE)


def reach(user: User, verb: Verb) -> Q:
    """What a job must be for this user to do this to it."""
    return standing_of(user).reach(NEEDS[verb], user.pk if verb in OWNERS else None)


def only_own(user: User) -> int | None:
    """The owner of all jobs that this user may see, if they have no role anywhere."""
    return None if may_somewhere(user, Verb.SEE) else user.pk or -1


def queues(user: User, verb: Verb) -> list[str]:
    """The queues on which the user may."""
    names = standing_of(user).queues_from(NEEDS[verb])
    return list(QUEUES) if names is None else [name for name in QUEUES if name in names]


def tasks(user: User, verb: Verb) -> list[str]:
    """The tasks on whose queue the user may."""
    allowed = queues(user, verb)
    return [name for name in registry.names() if (spec := registry.find(name)) and spec.queue in allowed]


def _place(subject: Subject) -> tuple[str | None, int | None]:
    """A thing's queue and owner, where it has them."""
    match subject:
        case Job():
            return subject.queue, subject.owner_id
        case Batch():
            return None, subject.owner_id
        case QueueControl():
            return subject.name, None
        case Schedule():
            return _queue_of(subject.task), None
        case TaskControl():
            return _queue_of(subject.name), None
        case registry.TaskSpec():
            return subject.queue, None
        case _:
            return subject, None


def _queue_of(task: str) -> str | None:
    spec = registry.find(task)
    return spec.queue if spec else None


__all__ = [
    "Grant", "Role", "Subject", "Verb", "check", "may", "may_enqueue", "may_somewhere", "only_own", "queues", "reach",
    "tasks",
]  # fmt: skip
