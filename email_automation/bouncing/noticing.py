"""A bounce is believed where it names, by its Message-ID, a mail of ours, and one of that mail's recipients: a stranger
who makes one up knows no id, and cannot silence anybody."""

from django.db import transaction
from django.db.models import Q

from email_automation.bouncing.reports import Report, read
from email_automation.models import Message, OutgoingMail
from email_automation.sending.recipients import BadMailError
from email_automation.sending.suppressing import Cause, normal, suppress

CANDIDATES = ("bounce", "report")  # how `Message.automatic` begins for what may be one


def notice(message: Message, raw: bytes) -> list[str]:
    """Recipients of ours that a message just stored says get no mail: noted on the mail that it is about, and on the
    suppression list. For the transaction in which the message is stored; nothing for a message that is no report."""
    if not message.automatic.startswith(CANDIDATES):
        return []
    report = read(raw)
    mail = _ours(report, message.mailbox.user_id)
    return _note(mail, report, message) if mail else []


def _ours(report: Report, user_id: int) -> OutgoingMail | None:
    """The mail that came back: this user's, or the product's own."""
    mine = OutgoingMail.objects.filter(Q(user_id=user_id) | Q(user=None), message_id__in=report.ids)
    return mine.order_by("-pk").first() if report.ids else None


@transaction.atomic
def _note(mail: OutgoingMail, report: Report, message: Message) -> list[str]:
    mail = OutgoingMail.objects.select_for_update().get(pk=mail.pk)
    noted = []
    source = f"message {message.pk} about mail {mail.pk}"
    for address in mail.to:
        key = _key(address)
        if key in report.complained:
            suppress(address, Cause.COMPLAINED, user_id=mail.user_id, source=source)
            noted.append(address)
        elif key in report.failed:
            suppress(address, Cause.BOUNCED, user_id=mail.user_id, source=f"{source}: {report.failed[key]}")
            mail.undelivered[address] = f"bounced: {report.failed[key]}"
            mail.delivered = [one for one in mail.delivered if one != address]
            noted.append(address)
        elif key in report.delayed:
            mail.undelivered.setdefault(address, f"delayed: {report.delayed[key]}")
    OutgoingMail.objects.filter(pk=mail.pk).update(undelivered=mail.undelivered, delivered=mail.delivered)
    return noted


def _key(address: str) -> str:
    try:
        return normal(address)
    except BadMailError:
        return address.lower()
