"""Maildir folders."""

import mailbox
from pathlib import Path

import pytest

from email_automation.mailboxes.maildir import Maildir
from tests.email_automation.mailboxes.letters import letter


@pytest.fixture
def box(tmp_path: Path) -> mailbox.Maildir:
    """A Maildir as Python writes one."""
    return mailbox.Maildir(tmp_path / "mail", create=True)


def read(box: mailbox.Maildir) -> Maildir:
    return Maildir(Path(str(box._path)))


def test_new_and_seen_mail_and_sub_folders_are_read(box: mailbox.Maildir) -> None:
    box.add(letter(1))
    seen = mailbox.MaildirMessage(letter(2))
    seen.set_subdir("cur")
    box.add(seen)
    box.add_folder("Sent").add(letter(3))
    assert {message.raw for message in read(box).messages()} == {letter(1), letter(2), letter(3)}


def test_flags_and_the_folders_name_come_along(box: mailbox.Maildir) -> None:
    answered = mailbox.MaildirMessage(letter(1))
    answered.set_subdir("cur")
    answered.set_flags("RS")
    box.add_folder("Work.Projects").add(answered)
    (message,) = read(box).messages()
    assert (message.labels, set(message.flags)) == (("Work/Projects",), {"replied", "seen"})


def test_it_goes_on_behind_any_message(box: mailbox.Maildir) -> None:
    for number in range(3):
        box.add(letter(number))
    box.add_folder("Sent").add(letter(9))
    everything = list(read(box).messages())
    for number, message in enumerate(everything):
        rest = [later.digest for later in read(box).messages(message.position)]
        assert rest == [later.digest for later in everything[number + 1 :]]


def test_a_message_that_was_read_meanwhile_keeps_its_place(box: mailbox.Maildir) -> None:
    for number in range(2):
        box.add(letter(number))
    first, second = read(box).messages()
    for name in list((Path(str(box._path)) / "new").iterdir()):
        name.rename(name.parent.parent / "cur" / f"{name.name}:2,S")
    assert [message.digest for message in read(box).messages(first.position)] == [second.digest]
