"""Providers are asked for news every few minutes, whether or not they tell of them by themselves: notices get lost."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from email_automation.models import AccountState, Mailbox, MailboxKind, SyncRun
from email_automation.syncing import runs
from jobs import clock, services
from jobs.clock import Now
from jobs.models import Job, Schedule

AT_ONCE = 500  # mailboxes of one round
REST = timedelta(hours=1)  # after a sync that failed
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "Look for new mail": {"task": "poll_mailboxes", "every": 60},
    "Keep Gmail's notices coming": {"task": "watch_mailboxes", "cron": "23 */6 * * *"},
}


def begin(mailbox: Mailbox) -> None:
    """An account was connected: from the first one on there are schedules. One that somebody paused, stays so."""
    for name, values in SCHEDULES.items():
        Schedule.objects.get_or_create(name=name, defaults=values)
    if mailbox.kind == MailboxKind.GMAIL and settings.GMAIL_TOPIC:
        services.enqueue("watch_mailbox", {"mailbox_id": mailbox.pk}, owner_id=mailbox.user_id)


def poll() -> int:
    """Enqueue a sync of every mailbox whose turn it is. Returns how many."""
    return sum(_ask(mailbox) for mailbox in _due()[:AT_ONCE])


def _due() -> QuerySet[Mailbox]:
    """Connected, and not asked for since; who has waited longest comes first."""
    connected = Mailbox.objects.filter(kind__in=runs.PROVIDERS, account__state=AccountState.CONNECTED, paused_at=None)
    asked = SyncRun.objects.filter(requested_at__gt=Now(-settings.MAIL_POLL_SECONDS))
    due = connected.filter(Q(last_synced_at=None) | Q(last_synced_at__lte=Now(-settings.MAIL_POLL_SECONDS)))
    return due.exclude(runs__in=asked).order_by("last_synced_at", "pk")


def _ask(mailbox: Mailbox) -> bool:
    job = _job_under_way(mailbox)
    if job and not (job.is_final and job.finished_at and job.finished_at < clock.now() - REST):
        return False
    runs.request(mailbox, "poll")
    return True


def _job_under_way(mailbox: Mailbox) -> Job | None:
    run = SyncRun.objects.filter(mailbox=mailbox, finished_at=None).first()
    return Job.objects.filter(pk=run.job_id).first() if run else None
