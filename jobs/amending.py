"""Other arguments for a job that waits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from jobs import audit, lifecycle, masking, registry
from jobs.enqueueing import named_owner
from jobs.errors import Refused, WrongState
from jobs.lookup import find
from jobs.models import Effect, EffectStatus, Job
from jobs.reports import clean, storable


@transaction.atomic
def change_arguments(
    job_id: str | uuid.UUID, arguments: Mapping[str, Any], *, by: str = "", reason: str = "", origin: str = ""
) -> Job:
    """Give a waiting job other arguments, all of them, with which it begins from its start; noted and recorded, masked.

    Args:
        arguments: By name. What was shown masked and is still so stays as it is.

    Raises:
        JobNotFound: there is none.
        UnknownTask, InvalidArguments: naming the argument and what is wrong with it.
        Refused: they are the same, they name another user, or something was done with the old ones.
        WrongState: it waits no more, or somebody else changed them in this moment.
    """
    audit.hold()
    job, by, reason = find(job_id), storable(by), clean(reason)
    wished = registry.get(job.task).parameters.bind((), masking.restored(dict(arguments), job.arguments)).values
    if wished == job.arguments:
        raise Refused("Say what to change: these are its arguments.", field="args")
    if named_owner(wished) not in (None, job.owner_id):
        raise Refused("They name another user. Enqueue a new job for that one.", field="args")
    before, after = _told(job, job.arguments, wished), _told(job, wished, job.arguments)
    if not lifecycle.change_arguments(
        job.pk, wished, known=job.arguments, by=by, reason=reason, before=before, after=after
    ):
        job.refresh_from_db(fields=["status"])
        raise WrongState(
            f"Job {job.pk} is {job.status}: only one that waits, and that nobody else has changed, can be changed.",
            field="status",
        )
    if Effect.objects.filter(job=job, status__in=(EffectStatus.CONFIRMED, EffectStatus.ATTEMPTING)).exists():
        raise Refused("It has done something with its arguments already. Cancel it and enqueue another.", field="args")
    audit.record("change", f"job {job.pk}", by=by, reason=reason, origin=origin, before=before, after=after)
    job.refresh_from_db()
    return job


def _told(job: Job, arguments: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not the same in the others."""
    differ = {name: value for name, value in arguments.items() if name not in others or others[name] != value}
    return {"arguments": masking.masked(differ, masking.declared(job.task))}
