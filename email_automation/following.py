"""What a provider says of messages that are stored already: they are known, changed, or gone."""

from collections.abc import Iterable, Sequence

from django.utils import timezone

from email_automation.mailboxes import Changed, Gone, RawMessage
from email_automation.models import Copy, Mailbox, Message
from email_automation.parsing.message import MAX_LABELS


def known(mailbox: Mailbox, provider_ids: Iterable[str]) -> set[str]:
    """Which of these are stored: they need not be read again."""
    copies = Copy.objects.filter(mailbox=mailbox, provider_id__in=list(provider_ids))
    return set(copies.values_list("provider_id", flat=True))


def note_copies(mailbox: Mailbox, messages: Sequence[RawMessage]) -> None:
    """Write down under which ids the provider has these messages, which are stored by now."""
    given = [message for message in messages if message.provider_id]
    rows = Message.objects.filter(mailbox=mailbox, digest__in={one.digest for one in given}).order_by()
    by_digest = dict(rows.values_list("digest", "pk"))
    copies = [
        Copy(mailbox=mailbox, message_id=by_digest[one.digest], provider_id=one.provider_id)
        for one in given
        if one.digest in by_digest
    ]
    Copy.objects.bulk_create(copies, ignore_conflicts=True)
    came_back = Message.objects.filter(pk__in={copy.message_id for copy in copies}, gone_at__isnull=False)
    if given:
        came_back.update(gone_at=None)


def relabel(mailbox: Mailbox, changes: Sequence[Changed]) -> int:
    """Labels and flags as they are now, the last news of a message counting. Returns how many messages changed."""
    latest = {change.provider_id: change for change in changes}
    copies = Copy.objects.filter(mailbox=mailbox, provider_id__in=list(latest)).select_related("message")
    rows = [copy.message for copy in copies if _takes(copy.message, latest[copy.provider_id])]
    Message.objects.bulk_update(rows, ["labels", "flags"])
    return len(rows)


def remove(mailbox: Mailbox, gone: Sequence[Gone]) -> int:
    """Forget copies. A message that has none left is kept, and said to be gone. Returns how many are."""
    copies = Copy.objects.filter(mailbox=mailbox, provider_id__in=[one.provider_id for one in gone])
    messages = list(copies.values_list("message_id", flat=True))
    copies.delete()
    left = Message.objects.filter(pk__in=messages, copies__isnull=True, gone_at__isnull=True)
    return left.update(gone_at=timezone.now())


def _takes(message: Message, change: Changed) -> bool:
    before = message.labels, message.flags
    if change.labels is not None:
        message.labels = list(change.labels)[:MAX_LABELS]
    if change.flags is not None:
        message.flags = list(change.flags)
    return (message.labels, message.flags) != before
