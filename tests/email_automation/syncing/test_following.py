"""What a provider says of messages that are stored already is followed, and a sync goes on where the last one ended."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import ClassVar

import pytest
from django.contrib.auth.models import User

from email_automation import services
from email_automation.mailboxes import Changed, Cursor, Gone, Item, Known, MailboxSource, RawMessage
from email_automation.models import Copy, Mailbox, Message, SyncRun
from email_automation.syncing import following, pages, sync
from tests.email_automation.mailboxes.letters import letter

pytestmark = pytest.mark.django_db


class Provider(MailboxSource):
    """A provider with a log of news: its cursor counts how many were read."""

    kind: ClassVar[str] = "gmail"

    def __init__(self) -> None:
        self.log: list[Callable[[Cursor], Item]] = []
        self.begun_at: list[int] = []

    def read(self, cursor: Cursor | None = None) -> Iterator[Item]:
        start = int(cursor["news"]) if cursor else 0
        self.begun_at.append(start)
        for number, item in enumerate(self.log[start:], start + 1):
            yield item({"news": number})

    def size_hint(self) -> int:
        return 0

    def after(self, cursor: Cursor | None) -> Cursor | None:
        return cursor or {"news": len(self.log)}

    def has(self, provider_id: str, raw: bytes, *labels: str) -> None:
        digest = sha256(raw).hexdigest()
        self.log.append(
            lambda position: RawMessage(
                raw, len(raw), digest, position, labels=labels, provider_id=provider_id, provider_thread="t1"
            )
        )

    def says(self, item: Callable[[Cursor], Item]) -> None:
        self.log.append(item)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider()
    monkeypatch.setattr(sync, "open_source", lambda run: provider)
    return provider


@pytest.fixture
def mailbox(user: User) -> Mailbox:
    return Mailbox.objects.create(user=user, kind="gmail", name="Gmail", location="shop@fikiri.example")


def synced(mailbox: Mailbox) -> SyncRun:
    mailbox.refresh_from_db()
    return sync.run(services.sync_mailbox(mailbox).pk)


def test_a_message_is_stored_under_the_id_that_its_provider_gives_it(provider: Provider, mailbox: Mailbox) -> None:
    provider.has("m1", letter(1), "INBOX")
    synced(mailbox)
    message = Message.objects.get()
    assert (message.labels, message.provider_thread, message.copies.get().provider_id) == (["INBOX"], "t1", "m1")
    assert following.known(mailbox, ["m1", "m2"]) == {"m1"}


def test_the_next_sync_begins_where_the_last_one_ended(provider: Provider, mailbox: Mailbox) -> None:
    provider.has("m1", letter(1))
    synced(mailbox)
    provider.has("m2", letter(2))
    run = synced(mailbox)
    assert provider.begun_at == [0, 1]
    assert (run.found, run.synced) == (1, 1)


def test_a_sync_that_found_nothing_still_says_where_the_next_one_begins(provider: Provider, mailbox: Mailbox) -> None:
    synced(mailbox)
    mailbox.refresh_from_db()
    assert mailbox.position == {"news": 0}


def test_an_interrupted_sync_goes_on_from_its_own_cursor(
    provider: Provider, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 1)
    provider.has("m1", letter(1))

    def cut(position: Cursor) -> Item:
        raise ConnectionResetError

    provider.says(cut)
    run_id = services.sync_mailbox(mailbox).pk
    with pytest.raises(ConnectionResetError):
        sync.run(run_id)
    mailbox.refresh_from_db()
    assert mailbox.position is None
    provider.log.pop()
    sync.run(run_id)
    assert provider.begun_at == [0, 1]


def test_labels_and_flags_follow_the_provider(provider: Provider, mailbox: Mailbox) -> None:
    provider.has("m1", letter(1), "INBOX", "UNREAD")
    synced(mailbox)
    provider.says(lambda position: Changed("m1", position, labels=("INBOX",)))
    provider.says(lambda position: Changed("m1", position, labels=("ARCHIVE",), flags=("seen",)))
    provider.says(lambda position: Changed("unknown", position, labels=("X",)))
    run = synced(mailbox)
    message = Message.objects.get()
    assert (message.labels, message.flags, run.changed, run.found) == (["ARCHIVE"], ["seen"], 1, 0)


def test_a_message_that_is_gone_at_its_provider_is_kept_and_said_to_be_gone(
    provider: Provider, mailbox: Mailbox
) -> None:
    provider.has("m1", letter(1))
    provider.says(lambda position: Gone("m1", position))
    run = synced(mailbox)
    message = Message.objects.get()
    assert message.gone_at
    assert (run.gone, run.synced, message.copies.count()) == (1, 1, 0)


def test_a_message_in_two_folders_is_stored_once_and_gone_with_its_last_copy(
    provider: Provider, mailbox: Mailbox
) -> None:
    provider.has("inbox/1", letter(1))
    provider.has("all/7", letter(1))
    run = synced(mailbox)
    assert (run.synced, run.duplicates, Copy.objects.count()) == (1, 1, 2)
    provider.says(lambda position: Gone("inbox/1", position))
    synced(mailbox)
    assert Message.objects.get().gone_at is None
    provider.says(lambda position: Gone("all/7", position))
    synced(mailbox)
    assert Message.objects.get().gone_at


def test_a_message_has_the_labels_of_all_its_copies(provider: Provider, mailbox: Mailbox) -> None:
    provider.has("inbox/1", letter(1), "INBOX")
    provider.has("work/7", letter(1), "Work")
    synced(mailbox)
    assert Message.objects.get().labels == ["INBOX", "Work"]
    provider.says(lambda position: Gone("inbox/1", position))
    synced(mailbox)
    assert Message.objects.get().labels == ["Work"]
    provider.says(lambda position: Gone("work/7", position))
    synced(mailbox)
    assert Message.objects.get().labels == ["Work"]


def test_a_message_that_comes_back_is_not_gone_any_more(provider: Provider, mailbox: Mailbox) -> None:
    provider.has("m1", letter(1))
    provider.says(lambda position: Gone("m1", position))
    synced(mailbox)
    provider.has("m2", letter(1))
    synced(mailbox)
    message = Message.objects.get()
    assert (message.gone_at, message.copies.get().provider_id) == (None, "m2")


def test_what_is_known_is_counted_and_not_read_again(provider: Provider, mailbox: Mailbox) -> None:
    provider.has("m1", letter(1))
    provider.says(lambda position: Known("m1", position))
    run = synced(mailbox)
    assert (run.found, run.synced, run.duplicates) == (2, 1, 1)


def test_the_same_id_in_two_mailboxes_is_two_messages(provider: Provider, mailbox: Mailbox, stranger: User) -> None:
    theirs = Mailbox.objects.create(user=stranger, kind="gmail", name="Gmail", location="other@elsewhere.example")
    provider.has("m1", letter(1))
    for one in (mailbox, theirs):
        synced(one)
    provider.says(lambda position: Gone("m1", position))
    synced(mailbox)
    assert list(Message.objects.filter(gone_at=None).values_list("mailbox", flat=True)) == [theirs.pk]


def test_a_run_keeps_its_own_window(mailbox: Mailbox) -> None:
    run = SyncRun.objects.get(job_id=services.sync_mailbox(mailbox, window_days=7).pk)
    assert (run.window_days, run.max_messages) == (7, None)
