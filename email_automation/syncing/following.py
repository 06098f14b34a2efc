"""What a provider says of messages that are stored already: they are known, changed, or gone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from email_automation.mailboxes import Changed, Gone, RawMessage, Relabelled
from email_automation.models import Copy, Mailbox, Message
from email_automation.parsing.message import MAX_LABELS
from jobs import clock

AT_ONCE = 500  # rows


class Stored:
    """What is stored of one mailbox, as its source asks for it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def known(self, provider_ids: Iterable[str]) -> set[str]:
        return known(self._mailbox, provider_ids)

    def beginning_with(self, prefix: str) -> Iterator[str]:
        """The ids that begin so, read before the first is given: what is stored changes meanwhile."""
        copies = Copy.objects.filter(mailbox=self._mailbox, provider_id__startswith=prefix).order_by()
        return iter(list(copies.values_list("provider_id", flat=True)))

    def since(self, days: int | None, after: str = "") -> Iterator[str]:
        """The ids of the messages of the last days, in their order, those after one; None: of all days."""
        copies = Copy.objects.filter(mailbox=self._mailbox, provider_id__gt=after).order_by("provider_id")
        if days is not None:
            recent = Q(message__date__gt=timezone.now() - timedelta(days=days))
            copies = copies.filter(recent | Q(message__date=None))
        return copies.values_list("provider_id", flat=True).iterator(chunk_size=500)


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
        Copy(mailbox=mailbox, message_id=by_digest[one.digest], provider_id=one.provider_id, labels=_labels(one.labels))
        for one in given
        if one.digest in by_digest
    ]
    Copy.objects.bulk_create(copies, ignore_conflicts=True)
    if copies:
        _label({copy.message_id for copy in copies})
        came_back = Message.objects.filter(pk__in={copy.message_id for copy in copies}, gone_at__isnull=False)
        came_back.update(gone_at=None)


def relabel(mailbox: Mailbox, changes: Sequence[Changed | Relabelled]) -> int:
    """Labels and flags as they are now, news of a message being taken in their order. Returns how many changed."""
    news: dict[str, list[Changed | Relabelled]] = {}
    for change in changes:
        news.setdefault(change.provider_id, []).append(change)
    copies = list(Copy.objects.filter(mailbox=mailbox, provider_id__in=list(news)).select_related("message"))
    moved = [copy for copy in copies if _takes_labels(copy, news[copy.provider_id])]
    Copy.objects.bulk_update(moved, ["labels"])
    marked = [copy.message for copy in copies if _takes_flags(copy.message, news[copy.provider_id])]
    Message.objects.bulk_update(marked, ["flags"])
    return len({message.pk for message in marked} | _label({copy.message_id for copy in moved}))


def name_labels(mailbox: Mailbox, names: Mapping[str, str]) -> int:
    """A label that the provider calls otherwise now is called so on every message. Returns how many changed."""
    row = Mailbox.objects.filter(pk=mailbox.pk)
    before = row.values_list("label_names", flat=True).get()
    row.update(label_names=dict(names), labels_asked_at=clock.now())
    renamed = {before[one]: name for one, name in names.items() if before.get(one, name) != name}
    if not renamed:
        return 0
    copies = Copy.objects.filter(mailbox=mailbox).order_by("pk").only("labels", "message_id")
    moved = [copy for copy in copies.iterator(chunk_size=AT_ONCE) if renamed.keys() & set(copy.labels)]
    for copy in moved:
        copy.labels = _labels(renamed.get(label, label) for label in copy.labels)
    Copy.objects.bulk_update(moved, ["labels"], batch_size=AT_ONCE)
    messages = sorted({copy.message_id for copy in moved})
    return sum(len(_label(set(messages[at : at + AT_ONCE]))) for at in range(0, len(messages), AT_ONCE))


def moved(copy: Copy, provider_id: str) -> None:
    """The provider calls it something else now; where a sync has seen that already, there is a copy of that name."""
    if Copy.objects.filter(mailbox_id=copy.mailbox_id, provider_id=provider_id).exists():
        copy.delete()
        return
    copy.provider_id = provider_id
    copy.save(update_fields=["provider_id"])


def remove(mailbox: Mailbox, gone: Sequence[Gone]) -> int:
    """Forget copies. A message that has none left is kept, and said to be gone. Returns how many are."""
    copies = Copy.objects.filter(mailbox=mailbox, provider_id__in=[one.provider_id for one in gone])
    messages = set(copies.values_list("message_id", flat=True))
    copies.delete()
    _label(messages)
    left = Message.objects.filter(pk__in=messages, copies__isnull=True, gone_at__isnull=True)
    return left.update(gone_at=timezone.now())


def _label(messages: set[int]) -> set[int]:
    """Give messages the labels of all their copies; one without a copy keeps its last ones. Returns which changed."""
    found: dict[int, list[str]] = {}
    for message_id, labels in (
        Copy.objects.filter(message__in=messages).order_by("pk").values_list("message_id", "labels")
    ):
        found.setdefault(message_id, []).extend(labels)
    rows = Message.objects.filter(pk__in=found).only("labels").order_by()
    changed = [row for row in rows if _take(row, found[row.pk])]
    Message.objects.bulk_update(changed, ["labels"])
    return {row.pk for row in changed}


def _take(message: Message, labels: Sequence[str]) -> bool:
    before, message.labels = message.labels, _labels(labels)
    return bool(message.labels != before)


def _takes_labels(copy: Copy, news: Sequence[Changed | Relabelled]) -> bool:
    before = copy.labels
    for change in news:
        if isinstance(change, Relabelled):
            copy.labels = _altered(copy.labels, change.labels_added, change.labels_removed)
        elif change.labels is not None:
            copy.labels = _labels(change.labels)
    return bool(copy.labels != before)


def _takes_flags(message: Message, news: Sequence[Changed | Relabelled]) -> bool:
    before = message.flags
    for change in news:
        if isinstance(change, Relabelled):
            message.flags = _altered(message.flags, change.flags_added, change.flags_removed)
        elif change.flags is not None:
            message.flags = list(change.flags)
    return bool(message.flags != before)


def _altered(names: Sequence[str], added: Sequence[str], removed: Sequence[str]) -> list[str]:
    return _labels(name for name in [*names, *added] if name not in removed)


def _labels(given: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(given))[:MAX_LABELS]
