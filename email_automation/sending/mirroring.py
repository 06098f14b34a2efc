"""What became of a job, noted on its mail: a mail whose job has ended does not look as if it were still to go.

A mirror for people. What may be sent is decided by the guards in `outgoing`, whatever is noted here."""

from typing import Any

from email_automation.models import MailStatus, OutgoingMail
from jobs import events
from jobs.models import JobStatus

TASKS = ("send_mail", "send_email")
ENDED = {
    JobStatus.CANCELLED: "its job was cancelled",
    JobStatus.EXPIRED: "it was not begun in time",
    JobStatus.DEAD: "its job has used up its retries",
    JobStatus.FAILED: "its job failed",
}


def attach() -> None:
    events.job_settled.connect(_on_settled, dispatch_uid="email_automation.sending.mirroring")


def _on_settled(*, job: events.Settled, status: JobStatus, **_: Any) -> None:
    if job.task not in TASKS or status not in ENDED:
        return
    mine = OutgoingMail.objects.filter(job_id=job.id)
    said = ENDED[status]
    mine.filter(status=MailStatus.SENDING).update(
        status=MailStatus.IN_DOUBT, reason=f"{said} while the mail was handed over. Run the job again to look into it"
    )
    waiting = mine.filter(status__in=(MailStatus.QUEUED, MailStatus.HELD))
    waiting.filter(reason="").update(reason=said)
    waiting.update(status=MailStatus.FAILED, held_until=None)
    # Whoever waited for it asks for a new one: a link that opens nothing any more is not to be sent days later, and a
    # token is not to lie about. A person who knows that a mail in doubt did not go can still have it sent.
    mine.exclude(status=MailStatus.IN_DOUBT).update(sealed="")
