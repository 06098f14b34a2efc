"""Mailboxes: add one, sync one."""

from collections.abc import Sequence
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from email_automation.mailboxes import MailboxError, open_mailbox
from email_automation.models import Mailbox, MailboxKind, SyncRun
from jobs import batches, services
from jobs.errors import JobNotFound, Refused
from jobs.models import Job

MAX_PATH = 1000  # characters


def add_mailbox(
    user: AbstractBaseUser, path: Path | str, *, name: str = "", own_addresses: Sequence[str] = ()
) -> Mailbox:
    """A user's mailbox at a path, the one that is known or a new one.

    Raises:
        MailboxError: there is no mail to read; the text says what to give instead.
    """
    source = open_mailbox(path)
    location = str(Path(path).resolve())
    if len(location) > MAX_PATH or not location.isprintable():
        raise MailboxError(f"The path has to be printable text of at most {MAX_PATH} characters. Rename or move it.")
    defaults = {
        "kind": MailboxKind(source.kind),
        "name": (name or Path(location).name)[:200],
        "own_addresses": [address.strip().lower() for address in own_addresses],
    }
    mailbox, _ = Mailbox.objects.get_or_create(user_id=user.pk, location=location, defaults=defaults)
    return mailbox


def mailbox_of(user_id: int) -> Mailbox:
    """The mailbox that a user means without saying which: the connected one that was added first, else their Gmail,
    which waits to be connected.

    Raises:
        Refused: there is no such user.
    """
    if not get_user_model()._default_manager.filter(pk=user_id).exists():
        raise Refused(f"There is no user {user_id}. Give the id of one.", field="user_id")
    connected = Mailbox.objects.filter(user_id=user_id).exclude(location="").order_by("pk").first()
    if connected:
        return connected
    defaults = {"kind": MailboxKind.GMAIL, "name": "Gmail"}
    return Mailbox.objects.get_or_create(user_id=user_id, location="", defaults=defaults)[0]


@transaction.atomic
def sync_mailbox(
    mailbox: Mailbox,
    *,
    sync_type: str = "manual",
    window_days: int | None = None,
    max_messages: int | None = None,
) -> Job:
    """Enqueue a sync. While one is under way it is that one; one that was interrupted is gone on with.

    Args:
        window_days: Leave a provider's mail that is older; as the mailbox says where not given.
        max_messages: Read at most so many in full; as the mailbox says where not given.
    """
    Mailbox.objects.select_for_update().get(pk=mailbox.pk)  # two requests at once get one sync
    run = SyncRun.objects.filter(mailbox=mailbox, finished_at=None).first()
    if run is None:
        run = SyncRun.objects.create(
            mailbox=mailbox,
            sync_type=sync_type[:20],
            window_days=mailbox.window_days if window_days is None else window_days,
            max_messages=mailbox.max_messages if max_messages is None else max_messages,
        )
    elif job := _continued(run):
        return job
    return _begun(run, mailbox)


def _begun(run: SyncRun, mailbox: Mailbox) -> Job:
    """The sync's job: first member of the batch that counts everything that comes of it."""
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


def _continued(run: SyncRun) -> Job | None:
    """The job of an open run, put back to waiting if it had ended; None if it was removed since."""
    try:
        job = services.find(run.job_id)
    except JobNotFound:
        return None
    return services.retry(job.pk, by="sync_mailbox", reason="goes on where it was left") if job.is_final else job
