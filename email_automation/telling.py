"""What the owner of a mailbox is told about it, by mail. Once for each time that it happens."""

from __future__ import annotations

from email_automation.models import Account
from jobs import services
from jobs.clock import Now

SUBJECT = "{address} has to be connected again"
BODY = """\
Fikiri cannot reach your mailbox {address} any more: {reason}

Until you connect it again, nothing is synced or sent there. What waits for it is kept and goes on by itself then.

In Fikiri, open Mailboxes and press "Connect Gmail".
"""


def needs_reauth(account: Account) -> None:
    """Tell the owner, with the caller's transaction."""
    told = Account.objects.filter(pk=account.pk, told_at=None).update(told_at=Now())
    address = account.mailbox.user.email
    if not told or not address:  # the admin shows it, too
        return
    said = {"address": account.address, "reason": account.reason}
    mail = {"to": address, "subject": SUBJECT.format(**said), "body": BODY.format(**said)}
    services.enqueue("send_email", mail, key=f"needs_reauth:{account.pk}:{account.version}")
