"""Gmail of mailboxes: each under its own token and its own quota, made anew for each job."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from email_automation.connecting import accounts, google_tokens
from email_automation.gmail import Client, RateLimited
from email_automation.mailboxes.gmail import GmailActions, GmailMailbox
from email_automation.models import Mailbox, SyncRun
from email_automation.quota import controller as quota
from email_automation.syncing.following import Stored
from jobs import clock

LABELS_LIVE = timedelta(hours=1)  # after which a sync asks again what they are called: one unit


@dataclass(frozen=True)
class AccountQuota:
    """What one account may use, as its client asks for it."""

    key: str

    def reserve(self, call: str) -> None:
        quota.reserve(self.key, quota.cost(call))

    def learned(self, refusal: RateLimited) -> None:
        quota.learned(self.key, refusal.status, refusal.code, refusal.said)


def client_of(mailbox: Mailbox) -> Client:
    """Gmail of a mailbox; to be closed.

    Raises:
        Held: it has to be connected again, and its owner is told.
        Fail: it is not connected.
    """
    key = accounts.account_of(mailbox.pk).quota_key
    return Client(google_tokens.credentials(mailbox), AccountQuota(key), settings.GMAIL_API_ROOT)


def source(run: SyncRun) -> GmailMailbox:
    """What a sync of a Gmail account reads."""
    mailbox = run.mailbox
    return GmailMailbox(
        client_of(mailbox),
        Stored(mailbox),
        window_days=run.window_days,
        max_messages=run.max_messages,
        begin=run.cursor or mailbox.position,
        again=run.full and run.cursor is None,
        asks_labels=mailbox.labels_asked_at is None or mailbox.labels_asked_at < clock.now() - LABELS_LIVE,
    )


def actions(mailbox: Mailbox) -> GmailActions:
    """What may be done in a Gmail account."""
    return GmailActions(client_of(mailbox))
