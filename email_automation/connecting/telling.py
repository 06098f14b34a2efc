"""What the owner of a mailbox is told about it, by mail. Once for each time that it happens."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from email_automation.models import Account
from jobs import services
from jobs.clock import Now

SUBJECT = "{address} has to be connected again"
BODY = """\
Fikiri cannot reach your mailbox {address} any more: {reason}

Until you connect it again, nothing is synced or sent there. What waits for it is kept and goes on by itself then.

In Fikiri, open Mailboxes{where} and connect it again.
"""


def needs_reauth(account: Account) -> None:
    """Tell the owner, with the caller's transaction."""
    told = Account.objects.filter(pk=account.pk, told_at=None).update(told_at=Now())
    address = account.mailbox.user.email
    if not told or not address:  # the admin shows it, too
        return
    page = "admin:email_automation_mailbox_changelist" if account.mailbox.user.is_staff else "mine"
    where = f" ({settings.PUBLIC_URL}{reverse(page)})" if settings.PUBLIC_URL else ""
    said = {"address": account.address, "reason": account.reason, "where": where}
    mail = {"to": address, "subject": SUBJECT.format(**said), "body": BODY.format(**said)}
    services.enqueue("send_email", mail, key=f"needs_reauth:{account.pk}:{account.version}")
