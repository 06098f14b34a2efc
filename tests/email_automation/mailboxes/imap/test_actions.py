"""Messages are marked, labelled and archived on the server, and here as the next sync would say it."""

import pytest
from django.contrib.auth.models import User

from email_automation import mailbox_actions
from email_automation.mailboxes.actions import MessageGoneError
from email_automation.mailboxes.imap import Client
from email_automation.models import Mailbox, Message
from jobs.effects import SurelyNot
from tests.email_automation.mailboxes.imap.conftest import Account, Sync
from tests.email_automation.mailboxes.imap.test_reading import mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(account: Account, user: User, sync: Sync) -> Message:
    account.has(mail("one").replace(b"Subject", b"Message-ID: <1@elsewhere.example>\r\nSubject"))
    sync(account.connect(user))
    return Message.objects.get()


def in_folder(account: Account, folder: str) -> int:
    return len(account.uids(folder)) if account.box.folder.exists(folder) else 0


def act(message: Message, action: str, value: str = "") -> Message:
    return mailbox_actions.act(message.pk, action, value)


def nothing_new(sync: Sync) -> bool:
    run = sync(Mailbox.objects.get())
    return (run.synced, run.changed, run.gone) == (0, 0, 0)


def test_marked_as_read_and_as_unread(account: Account, message: Message, sync: Sync) -> None:
    for _ in range(2):
        assert act(message, "mark_read").flags == ["seen"]
    account.box.folder.set("INBOX")
    assert "\\Seen" in next(iter(account.box.fetch(mark_seen=False))).flags
    assert nothing_new(sync)
    assert act(message, "mark_unread").flags == []


def test_a_label_is_a_copy_in_a_folder_that_is_made_where_there_is_none(
    account: Account, message: Message, sync: Sync
) -> None:
    for _ in range(2):
        act(message, "add_label", "Büro/Neu")
    assert (in_folder(account, "Büro/Neu"), in_folder(account, "INBOX")) == (1, 1)
    sync(Mailbox.objects.get())
    message.refresh_from_db()
    assert message.labels == ["INBOX", "Büro/Neu"]


def test_archived_is_moved_and_known_there(account: Account, message: Message, sync: Sync) -> None:
    archived = act(message, "archive")
    assert archived.labels == ["Archive"]
    assert (in_folder(account, "Archive"), in_folder(account, "INBOX")) == (1, 0)
    assert nothing_new(sync)
    assert act(message, "archive").gone_at is None
    assert act(message, "mark_read").flags == ["seen"]


def test_a_label_that_is_taken_away_deletes_nothing(account: Account, message: Message, sync: Sync) -> None:
    act(message, "remove_label", "Other")
    assert in_folder(account, "INBOX") == 1
    act(message, "remove_label", "INBOX")
    assert (in_folder(account, "INBOX"), in_folder(account, "Archive")) == (0, 1)


def test_a_server_that_cannot_move_copies_and_deletes(
    account: Account, message: Message, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows = Client.has_capability
    monkeypatch.setattr(Client, "has_capability", lambda self, name: name != "MOVE" and knows(self, name))
    act(message, "archive")
    assert (in_folder(account, "Archive"), in_folder(account, "INBOX")) == (1, 0)


def test_what_is_gone_is_said_to_be(account: Account, message: Message) -> None:
    account.box.folder.set("INBOX")
    account.box.delete(account.box.uids())
    assert why_not(message) == "The folder INBOX has this message no more."
    Message.objects.get().copies.update(provider_id="0123456789abcdef/1/1")
    assert why_not(message) == "The folder of this message is there no more."


def why_not(message: Message) -> str:
    with pytest.raises(SurelyNot) as caught:
        act(message, "mark_read")
    assert isinstance(caught.value.__cause__, MessageGoneError)
    return str(caught.value.__cause__)
