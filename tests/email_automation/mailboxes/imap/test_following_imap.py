"""What becomes of messages on the server becomes of them here, whatever the server tells of it."""

import pytest
from django.contrib.auth.models import User

from email_automation.mailboxes.imap import news
from email_automation.models import Copy, Mailbox, Message
from tests.email_automation.mailboxes.imap.conftest import Account, Sync
from tests.email_automation.mailboxes.imap.test_reading import mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(account: Account, user: User, sync: Sync) -> Mailbox:
    """With three synced messages, the second of them read."""
    for number in range(3):
        account.has(mail(f"m{number}"), "INBOX", *(["\\Seen"] if number == 1 else []))
    mailbox = account.connect(user)
    sync(mailbox)
    return mailbox


def flags() -> dict[str, list[str]]:
    return dict(Message.objects.order_by("subject").values_list("subject", "flags"))


def test_flags_follow(account: Account, mailbox: Mailbox, sync: Sync) -> None:
    first, second, _ = account.uids()
    account.box.flag([first], ["\\Answered", "\\Seen"], True)
    account.box.flag([second], ["\\Seen"], False)
    run = sync(mailbox)
    assert flags() == {"m0": ["replied", "seen"], "m1": [], "m2": []}
    assert (run.changed, run.found) == (2, 0)
    assert sync(mailbox).changed == 0


def test_what_is_deleted_is_gone(account: Account, mailbox: Mailbox, sync: Sync) -> None:
    uids = account.uids()
    account.box.delete([uids[0], uids[2]])
    account.has(mail("m3"))
    run = sync(mailbox)
    assert (run.gone, run.synced) == (2, 1)
    assert set(Message.objects.filter(gone_at=None).values_list("subject", flat=True)) == {"m1", "m3"}
    assert sync(mailbox).gone == 0


def test_what_is_moved_is_in_its_new_folder(account: Account, mailbox: Mailbox, sync: Sync) -> None:
    account.box.folder.create("Done")
    account.box.folder.set("INBOX")
    account.box.move([account.box.uids()[0]], "Done")
    run = sync(mailbox)
    assert (run.gone, run.synced, run.duplicates) == (0, 0, 1)
    message = Message.objects.get(subject="m0")
    assert (message.gone_at, message.labels, message.copies.count()) == (None, ["Done"], 1)


def test_a_folder_that_counts_anew_is_read_again_and_nothing_is_doubled(
    account: Account, mailbox: Mailbox, sync: Sync
) -> None:
    for number in range(3):
        account.has(mail(f"w{number}"), "Work")
    sync(mailbox)
    before = set(Copy.objects.values_list("provider_id", flat=True))
    account.box.folder.set("INBOX")
    account.box.folder.delete("Work")
    for number in range(1, 4):
        account.has(mail(f"w{number}"), "Work")
    run = sync(mailbox)
    assert (run.synced, run.duplicates, run.gone) == (1, 2, 1)
    assert Message.objects.filter(subject__startswith="w", gone_at=None).count() == 3
    assert Message.objects.get(subject="w0").gone_at
    assert len(set(Copy.objects.values_list("provider_id", flat=True)) - before) == 3
    assert Copy.objects.count() == 6
    assert sync(mailbox).found == 0


def test_a_folder_that_is_renamed_keeps_its_messages(account: Account, mailbox: Mailbox, sync: Sync) -> None:
    account.has(mail("w0"), "Work")
    sync(mailbox)
    account.box.folder.set("INBOX")
    account.box.folder.rename("Work", "Projects")
    run = sync(mailbox)
    assert (run.synced, run.duplicates, run.gone) == (0, 1, 0)
    assert Message.objects.get(subject="w0").labels == ["Projects"]


def test_a_folder_that_is_deleted_takes_its_messages_along(account: Account, mailbox: Mailbox, sync: Sync) -> None:
    account.has(mail("w0"), "Work")
    sync(mailbox)
    account.box.folder.set("INBOX")
    account.box.folder.delete("Work")
    assert sync(mailbox).gone == 1
    assert Message.objects.get(subject="w0").gone_at


def test_a_folder_that_is_left_out_later_keeps_what_is_stored_of_it(
    account: Account, mailbox: Mailbox, sync: Sync
) -> None:
    account.has(mail("w0"), "Work")
    sync(mailbox)
    mailbox.without_folders = ["Work"]
    mailbox.save()
    account.has(mail("w1"), "Work")
    run = sync(mailbox)
    assert (run.found, run.gone) == (0, 0)
    mailbox.without_folders = []
    mailbox.save()
    assert sync(mailbox).synced == 1


def test_news_of_many_messages_come_in_parts(
    account: Account, mailbox: Mailbox, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "AT_ONCE", 2)
    uids = account.uids()
    account.box.flag(uids, ["\\Flagged"], True)
    account.box.delete([uids[2]])
    run = sync(mailbox)
    assert (run.changed, run.gone) == (2, 1)
    assert flags()["m1"] == ["flagged", "seen"]


def test_where_the_server_does_not_count_changes_the_newest_are_compared(
    on_mail_devel: Account, user: User, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "COMPARED", 1)
    for number in range(2):
        on_mail_devel.has(mail(f"m{number}"))
    mailbox = on_mail_devel.connect(user)
    sync(mailbox)
    on_mail_devel.box.flag(on_mail_devel.uids(), ["\\Flagged"], True)
    sync(mailbox)
    assert flags() == {"m0": [], "m1": ["flagged"]}
