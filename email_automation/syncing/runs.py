"""Syncs as they are asked for: one at a time for each mailbox, and none that is asked for is forgotten.

Whoever asks or ends a sync locks the mailbox first. So a request finds the open run and marks it, or finds it ended
and makes the next: news that came after the last page was read are never left to the next poll.
"""

from django.db import transaction

from email_automation.models import Mailbox, MailboxKind, SyncRun
from jobs import batches, services
from jobs.errors import JobNotFound, WrongState
from jobs.models import Job

PROVIDERS = (MailboxKind.GMAIL, MailboxKind.IMAP)  # what changes by itself; a file is read in full each time


@transaction.atomic
def request(
    mailbox: Mailbox, sync_type: str, *, window_days: int | None = None, max_messages: int | None = None
) -> Job:
    """The job of the sync that will have seen whatever is in the mailbox now.

    Raises:
        WrongState: a window is given, and a sync with another one is under way.
    """
    Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    given = {"window_days": window_days, "max_messages": max_messages}
    wanted = {name: value for name, value in given.items() if value is not None}
    run = SyncRun.objects.filter(mailbox=mailbox, finished_at=None).first()
    if run is None:
        return _begin(_new(mailbox, sync_type, wanted))
    job = _job_of(run)
    if job is None:
        return _begin(run)
    if wanted:
        _change(run, job, wanted)
    if job.is_final:
        return services.retry(job.pk, by="sync_mailbox", reason="goes on where it was left")
    if run.started_at and mailbox.kind in PROVIDERS:
        SyncRun.objects.filter(pk=run.pk).update(again=True)
    return job


def follow(run: SyncRun) -> Job | None:
    """The sync that was asked for while this one, which has just ended, ran. In the transaction that ended it."""
    if not SyncRun.objects.filter(pk=run.pk, again=True).exists():
        return None
    return _begin(_new(run.mailbox, run.sync_type, {}))


def _new(mailbox: Mailbox, sync_type: str, wanted: dict[str, int]) -> SyncRun:
    usual = {"window_days": mailbox.window_days, "max_messages": mailbox.max_messages}
    return SyncRun.objects.create(mailbox=mailbox, sync_type=sync_type[:20], full=bool(wanted), **usual | wanted)


def _begin(run: SyncRun) -> Job:
    """The sync's job: first member of the batch that counts everything that comes of it."""
    mailbox = run.mailbox
    batch = batches.create(f"sync of {mailbox.name}", owner_id=mailbox.user_id)
    job = services.enqueue(
        "process_gmail_sync",
        {"job_id": str(run.job_id)},
        job_id=run.job_id,
        owner_id=mailbox.user_id,
        batch_id=batch.pk,
    )
    batches.close(batch.pk)  # it ends with its last unfinished member; each adds what follows it before it ends
    return job


def _job_of(run: SyncRun) -> Job | None:
    try:
        return services.find(run.job_id)
    except JobNotFound:  # it was removed since
        return None


def _change(run: SyncRun, job: Job, wanted: dict[str, int]) -> None:
    """Give an open sync another window: one that has not begun, or that will be begun again."""
    if run.started_at and not job.is_final:
        raise WrongState(
            f"A sync of this mailbox is under way, as job {job.pk}. Give other limits once it has ended.",
            field=next(iter(wanted)),
        )
    SyncRun.objects.filter(pk=run.pk).update(full=True, cursor=None, started_at=None, total=None, done=0, **wanted)
