"""An IMAP account is read: every folder, newest first, once, and on from where the last sync ended."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from email_automation.mailboxes.base import MAX_RAW
from email_automation.mailboxes.imap import fetching, walking
from email_automation.models import Copy, Message, SyncRun
from email_automation.syncing import pages
from email_automation.syncing import sync as syncing
from tests.email_automation.mailboxes.imap.conftest import Account, Sync

pytestmark = pytest.mark.django_db


def subjects() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("subject", flat=True))


def mail(subject: str, body: str = "Hello") -> bytes:
    return f"From: Ann <ann@elsewhere.example>\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


def test_every_folder_is_read_and_labels_its_messages(account: Account, user: User, sync: Sync) -> None:
    account.has(mail("one"))
    account.has(mail("two"), "Büro/Akten & mehr", "\\Seen", "\\Flagged")
    run = sync(account.connect(user))
    assert (run.synced, run.found) == (2, 2)
    message = Message.objects.get(subject="two")
    assert (message.labels, message.flags) == (["Büro/Akten & mehr"], ["flagged", "seen"])
    assert Message.objects.get(subject="one").labels == ["INBOX"]


def test_reading_marks_nothing_as_read(account: Account, user: User, sync: Sync) -> None:
    account.has(mail("one"))
    sync(account.connect(user))
    account.box.folder.set("INBOX")
    assert [message.flags for message in account.box.fetch(mark_seen=False)] in ([()], [("\\Recent",)])


def test_the_newest_are_read_first_and_the_next_sync_reads_only_what_is_new(
    account: Account, user: User, sync: Sync
) -> None:
    mailbox = account.connect(user)
    for number in range(3):
        account.has(mail(f"m{number}"))
    sync(mailbox)
    assert subjects() == ["m2", "m1", "m0"]
    account.has(mail("m3"))
    run = sync(mailbox)
    assert (run.synced, run.duplicates) == (1, 0)
    assert (run.synced, sync(mailbox).found) == (1, 0)  # `n:*` finds the last one again


def test_the_same_mail_in_two_folders_is_one_message_with_both_labels(account: Account, user: User, sync: Sync) -> None:
    account.has(mail("one"))
    account.has(mail("one"), "Work")
    run = sync(account.connect(user))
    assert (run.synced, run.duplicates, Message.objects.get().labels) == (1, 1, ["INBOX", "Work"])


def test_folders_can_be_chosen_and_left_out_with_those_below(account: Account, user: User, sync: Sync) -> None:
    for folder in ("Work", "Work/Old", "Private"):
        account.has(mail(folder), folder)
    account.has(mail("inbox"))
    sync(account.connect(user, only_folders=["work", "INBOX"], without_folders=["Work/Old"]))
    assert sorted(subjects()) == ["Work", "inbox"]


def test_at_most_so_many_are_read_and_more_when_more_are_wanted(account: Account, user: User, sync: Sync) -> None:
    for number in range(5):
        account.has(mail(f"m{number}"))
    account.has(mail("work"), "Work")
    mailbox = account.connect(user)
    sync(mailbox, max_messages=2)
    assert subjects() == ["m4", "m3"]
    assert sync(mailbox, max_messages=2).synced == 0
    account.has(mail("new"))
    assert sync(mailbox, max_messages=2).synced == 1
    run = sync(mailbox)
    assert (run.synced, Message.objects.count()) == (4, 7)


def test_mail_that_arrived_before_the_window_is_left_there_until_more_is_wanted(
    account: Account, user: User, sync: Sync
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=200)
    account.box.append(mail("old"), "INBOX", dt=long_ago)
    account.has(mail("new"))
    mailbox = account.connect(user)
    sync(mailbox)
    assert subjects() == ["new"]
    assert sync(mailbox).found == 0
    run = sync(mailbox, window_days=300)
    assert (subjects(), run.synced, run.duplicates) == (["new", "old"], 1, 1)
    assert sync(mailbox).found == 0


def test_an_interrupted_sync_goes_on_where_it_was_left(
    account: Account, user: User, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE_ROWS", 2)
    for number in range(5):
        account.has(mail(f"m{number}"))
    account.has(mail("work"), "Work")
    mailbox = account.connect(user)
    store = syncing._store
    calls: list[pages.Page] = []

    def store_once(this: SyncRun, page: pages.Page) -> None:
        if calls:
            raise ConnectionResetError
        calls.append(page)
        store(this, page)

    with monkeypatch.context() as patched:
        patched.setattr(syncing, "_store", store_once)
        with pytest.raises(ConnectionResetError):
            sync(mailbox)
    account.has(mail("later"))
    run = sync(mailbox)
    assert subjects() == ["m4", "m3", "m2", "m1", "m0", "work"]
    assert (run.synced, run.duplicates) == (6, 0)
    assert sync(mailbox).synced == 1  # what came meanwhile


def test_many_messages_are_listed_in_parts(
    account: Account, user: User, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "AT_ONCE", 3)
    for number in range(10):
        account.has(mail(f"m{number}"))
    account.box.folder.set("INBOX")
    account.box.delete(account.box.uids()[2:6])
    sync(account.connect(user))
    assert subjects() == ["m9", "m8", "m7", "m6", "m1", "m0"]


def test_a_long_message_is_read_in_pieces_and_known_by_all_of_it(
    account: Account, user: User, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PIECE", 1000)
    exact = mail("exact", "x" * (2000 - len(mail("exact", ""))))
    assert len(exact) == 2000
    account.has(exact)
    account.has(mail("long", "line\r\n" * 2000))
    sync(account.connect(user))
    assert Message.objects.get(subject="exact").size == 2000
    assert Message.objects.get(subject="long").text.count("line") == 2000


def test_of_a_huge_message_the_beginning_is_kept(
    on_mail_devel: Account, user: User, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = mail("huge", "0123456789abcde\n" * (MAX_RAW // 16 + 1000))
    on_mail_devel.has(huge)
    sync(on_mail_devel.connect(user))
    message = Message.objects.get()
    assert message.size >= len(huge)
    assert "truncated" in message.problems
    monkeypatch.setattr(fetching, "MAX_READ", 2_000_000)
    Message.objects.all().delete()
    user.mailboxes.update(position=None)
    sync(user.mailboxes.get())
    assert Message.objects.get().size >= len(huge)


def test_an_account_is_a_mailbox_of_each_who_connects_it_and_the_same_one_when_connected_again(
    account: Account, user: User, stranger: User, sync: Sync
) -> None:
    account.has(mail("one"))
    mine, theirs = account.connect(user), account.connect(stranger)
    sync(mine), sync(theirs)
    assert sorted(Message.objects.values_list("mailbox", flat=True)) == sorted([mine.pk, theirs.pk])
    assert Copy.objects.count() == 2
    assert account.connect(user).pk == mine.pk
