"""Mail that goes out: ask for it, release it, stop it."""

from collections.abc import Sequence

from email_automation.models import AutomationSetting, KillSwitch, MailStatus, OutgoingMail
from email_automation.recipients import addresses, check_content
from email_automation.releasing import release
from jobs import services
from jobs.errors import WrongState
from jobs.models import Job


def send_email(to: str | Sequence[str], subject: str, body: str, *, user_id: int | None = None) -> Job:
    """Enqueue a mail.

    Raises:
        BadMailError: at once, instead of in the job.
    """
    recipients = addresses(to)
    check_content(subject, body)
    arguments = {
        "to": recipients[0] if len(recipients) == 1 else recipients,
        "subject": subject,
        "body": body,
        "user_id": user_id,
    }
    return services.enqueue("send_email", arguments, owner_id=user_id)


def release_draft(draft: OutgoingMail, *, by_id: int | None) -> Job:
    """Send a draft, as a person wishes.

    Raises:
        WrongState: it is no draft any more.
    """
    job = release(draft, by_id=by_id)
    if job is None:
        raise WrongState("Only a draft can be released; this mail is one no more.", field="status")
    return job


def discard_draft(draft: OutgoingMail, *, reason: str = "discarded") -> bool:
    """Put a draft aside. Returns whether it was one."""
    drafts = OutgoingMail.objects.filter(pk=draft.pk, status=MailStatus.DRAFT)
    return bool(drafts.update(status=MailStatus.SKIPPED, reason=reason[:300]))


def stop_sending(stop: bool = True, *, user_id: int | None = None, reason: str = "") -> None:
    """Throw the kill switch, of one user or of all, or (`stop=False`) allow sending again."""
    if user_id is None:
        KillSwitch.objects.update_or_create(pk=1, defaults={"sending_stopped": stop, "reason": reason[:200]})
    else:
        AutomationSetting.objects.update_or_create(user_id=user_id, defaults={"sending_stopped": stop})
