"""One sync of a mailbox: read a page, store it with the cursor behind it, hand its messages on; again."""

import uuid
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from email_automation import bouncing
from email_automation.automation import stopping
from email_automation.mailboxes import (
    Changed,
    Gone,
    Known,
    LabelNames,
    MailboxError,
    MailboxSource,
    RawMessage,
    Relabelled,
)
from email_automation.models import Attachment, Mailbox, Message, MessageHtml, SyncRun
from email_automation.syncing import following, runs
from email_automation.syncing.pages import Page, pages
from email_automation.syncing.sources import open_source
from email_automation.syncing.storing import rows_of
from jobs import context, services
from jobs.api import shapes
from jobs.errors import Fail, Held, Snooze, Superseded
from jobs.models import Job

SLICE_MARGIN = 20  # seconds before the time limit at which a slice ends
COUNTS = ("found", "synced", "unreadable", "duplicates", "changed", "gone")


def run(job_id: uuid.UUID) -> SyncRun:
    """Sync on from where the run was left. Ends early by raising Snooze where the time of this slice is up.

    Raises:
        Fail: there is no such run, or its mailbox cannot be read.
    """
    this = SyncRun.objects.select_related("mailbox__user").filter(job_id=job_id).first()
    if this is None:
        raise Fail(f"There is no sync {job_id}. Ask for one: services.sync_mailbox(mailbox).", code="SYNC_NOT_FOUND")
    if this.finished_at:
        return this
    _wait_while_paused(this)
    with closing(_open(this)) as source:
        _start(this, source)
        for page in pages(source, this.cursor or this.mailbox.position):
            _store(this, page)
            context.progress(this.done, max(this.total or 0, this.done + 1), f"{this.found} messages")
            _wait_while_paused(this)
            _end_slice_if_time_is_up()
        context.progress(this.done, this.done, f"{this.found} messages")
        _finish(this, source)
    return this


def result(this: SyncRun) -> dict[str, object]:
    """What the task returns."""
    return {"success": True, "job_id": str(this.job_id), **numbers(this)}


def details(job: Job) -> dict[str, Any]:
    """What a sync adds to the status of its job, in whatever state that is."""
    this = SyncRun.objects.filter(job_id=job.pk).first()
    return numbers(this) | {"batch": shapes.batch(job.batch) if job.batch else None} if this else {}


def numbers(this: SyncRun) -> dict[str, Any]:
    """A sync as callers of the old platform know it, while it runs too."""
    return {
        "progress": this.progress,
        "has_more": this.has_more,
        "messages_found": this.found,
        "emails_synced": this.synced,
        "duplicates": this.duplicates,
        "unreadable": this.unreadable,
        "contacts_found": this.contacts_found(),
        "leads_identified": this.leads_identified(),
    }


def _open(this: SyncRun) -> MailboxSource:
    try:
        return open_source(this)
    except MailboxError as error:
        raise Fail(str(error), code=error.code) from None


def _start(this: SyncRun, source: MailboxSource) -> None:
    if this.started_at is None:
        this.started_at = timezone.now()
        this.total = source.size_hint()
        this.save(update_fields=["started_at", "total"])


def _wait_while_paused(this: SyncRun) -> None:
    if context.current() and Mailbox.objects.filter(pk=this.mailbox_id, paused_at__isnull=False).exists():
        raise Held(this.mailbox.hold, "the mailbox is paused")


def _end_slice_if_time_is_up() -> None:
    running = context.current()
    if running and running.remaining() < SLICE_MARGIN:
        raise Snooze(0, "next slice")


def _store(this: SyncRun, page: Page) -> None:
    """One page and the cursor behind it, or nothing. Only the writing is inside the transaction."""
    raws = [item for item in page.items if isinstance(item, RawMessage)]
    fresh = _fresh(this.mailbox, raws)
    rows = [rows_of(message, this.mailbox, this) for message in fresh]
    messages = [row.message for row in rows]
    readable = [message for message in messages if not message.unreadable_reason]
    with transaction.atomic():
        _take_turn(this)
        Message.objects.bulk_create(messages)
        Attachment.objects.bulk_create(attachment for row in rows for attachment in row.attachments)
        MessageHtml.objects.bulk_create(html for row in rows for html in row.html)
        following.note_copies(this.mailbox, raws)
        stopping.heard(this.mailbox, messages)
        for message, item in zip(messages, fresh, strict=True):
            bouncing.notice(message, item.raw)
        services.enqueue_many(
            "classify_message",
            [{"message_id": message.pk} for message in readable],
            keys=[f"classify:{message.pk}" for message in readable],
            owner_id=this.mailbox.user_id,
            batch_id=context.batch_id(),
        )
        this.cursor = page.position
        this.done = int(page.position.get("done", 0))
        this.pages += 1
        this.synced += len(readable)
        this.unreadable += len(messages) - len(readable)
        this.duplicates += len(raws) - len(messages) + sum(isinstance(item, Known) for item in page.items)
        this.found = this.synced + this.unreadable + this.duplicates
        _follow(this, page)
        this.save(update_fields=["cursor", "done", "pages", *COUNTS])


def _fresh(mailbox: Mailbox, messages: Sequence[RawMessage]) -> list[RawMessage]:
    """Those that the mailbox does not have yet, each once."""
    once = {message.digest: message for message in reversed(messages)}
    known = Message.objects.filter(mailbox=mailbox, digest__in=list(once)).order_by().values_list("digest", flat=True)
    for digest in known:
        del once[digest]
    return list(reversed(once.values()))


def _follow(this: SyncRun, page: Page) -> None:
    """News of stored messages, after the page's own messages are stored: it may be about them."""
    for item in page.items:
        if isinstance(item, LabelNames):
            this.changed += following.name_labels(this.mailbox, item.names)
    this.changed += following.relabel(
        this.mailbox, [one for one in page.items if isinstance(one, Changed | Relabelled)]
    )
    this.gone += following.remove(this.mailbox, [one for one in page.items if isinstance(one, Gone)])


def _take_turn(this: SyncRun) -> None:
    """Of two attempts that read the same page one finds the count moved: it was taken for dead and is not wanted."""
    turn = SyncRun.objects.filter(pk=this.pk, pages=this.pages, finished_at=None)
    if not turn.update(pages=F("pages")):
        raise Superseded(f"another attempt goes on with sync {this.job_id}")


@transaction.atomic
def _finish(this: SyncRun, source: MailboxSource) -> None:
    Mailbox.objects.select_for_update().get(pk=this.mailbox_id)  # a request waits, and then finds it ended
    _take_turn(this)
    position = source.after(this.cursor)
    this.finished_at = timezone.now()
    this.cursor = None
    this.done = this.total or this.done
    this.save(update_fields=["finished_at", "cursor", "done"])
    Mailbox.objects.filter(pk=this.mailbox_id).update(last_synced_at=this.finished_at, position=position)
    runs.follow(this)
