"""A draft becomes mail: once, by a person or by a rule that the user switched on."""

from django.db import transaction

from email_automation.models import MailStatus, OutgoingMail
from jobs import services
from jobs.models import Job
from jobs.models.job import new_id


@transaction.atomic
def release(draft: OutgoingMail, *, by_id: int | None = None, by_rule: bool = False) -> Job | None:
    """Enqueue the sending of a draft. None: it was no draft any more."""
    job_id = new_id()
    released = OutgoingMail.objects.filter(pk=draft.pk, status=MailStatus.DRAFT).update(
        status=MailStatus.QUEUED, job_id=job_id, released_by_id=by_id, released_by_rule=by_rule, reason=""
    )
    if not released:
        return None
    job = services.enqueue("send_draft", {"draft_id": draft.pk}, job_id=job_id, owner_id=draft.user_id)
    draft.refresh_from_db()
    return job
