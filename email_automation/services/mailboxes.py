"""Mailboxes: add one, sync one."""

from collections.abc import Sequence
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from email_automation.connecting import accounts
from email_automation.mailboxes import MailboxError, open_mailbox
from email_automation.models import Mailbox, MailboxKind
from email_automation.syncing import gmail_notices, runs
from email_automation.syncing.gmail_notices import Notice
from jobs import audit, services
from jobs.errors import Refused
from jobs.models import Job

MAX_PATH = 1000  # characters
MAX_DAYS, MAX_MESSAGES = 36_500, 10_000_000  # of one sync


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


def sync_mailbox(
    mailbox: Mailbox,
    *,
    sync_type: str = "manual",
    window_days: int | None = None,
    max_messages: int | None = None,
) -> Job:
    """Enqueue a sync. While one is under way it is that one, which another one follows where a provider has news
    meanwhile; one that was interrupted is gone on with.

    Args:
        window_days: Leave a provider's mail that is older; as the mailbox says where not given.
        max_messages: Read at most so many in full; as the mailbox says where not given. With either of them
            everything within is looked at, not only what is new.

    Raises:
        WrongState: one with other limits is under way.
    """
    return runs.request(mailbox, sync_type, window_days=window_days, max_messages=max_messages)


@transaction.atomic
def pause_mailbox(mailbox: Mailbox, *, by: str, reason: str = "") -> None:
    """Have a mailbox's syncs wait: one that is under way from its next page on."""
    audit.hold()
    if Mailbox.objects.filter(pk=mailbox.pk, paused_at=None).update(
        paused_at=timezone.now(), paused_reason=reason[:300]
    ):
        services.hold(mailbox.hold, f"the mailbox is paused{': ' if reason else ''}{reason}"[:300])
        audit.record("pause", f"mailbox {mailbox.pk}", by=by, reason=reason)
    mailbox.refresh_from_db()


@transaction.atomic
def resume_mailbox(mailbox: Mailbox, *, by: str, reason: str = "") -> None:
    """Let a mailbox's syncs go on where they were left."""
    audit.hold()
    if Mailbox.objects.filter(pk=mailbox.pk, paused_at__isnull=False).update(paused_at=None, paused_reason=""):
        _go_on(mailbox)
        audit.record("resume", f"mailbox {mailbox.pk}", by=by, reason=reason)
    mailbox.refresh_from_db()


def mend_hold(key: str, by: str, reason: str) -> None:
    """What an operator's release of a mailbox's hold does: a paused one goes on. A login is mended by its owner alone.

    Raises:
        Refused: the mailbox has to be connected again.
    """
    mailbox = Mailbox.objects.filter(pk=int(key.partition(":")[2])).first()
    if mailbox is None:
        return
    if why := accounts.needs(mailbox.pk):
        raise Refused(f"{why} Its owner does that: until then its jobs wait.", field="key")
    resume_mailbox(mailbox, by=by, reason=reason)


def heed_notice(notice: Notice) -> int:
    """Enqueue the syncs that a provider's notice of news asks for. Returns how many; none where nobody knows it."""
    return gmail_notices.heed(notice)


def _go_on(mailbox: Mailbox) -> None:
    """Where its login is broken, too, its jobs wait on for that."""
    if why := accounts.needs(mailbox.pk):
        services.hold(mailbox.hold, why)
    else:
        services.release(mailbox.hold)
