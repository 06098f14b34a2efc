"""The made-up mailbox of the pipeline's benchmark."""

from itertools import islice
from pathlib import Path

import pytest

from benchmarks import mailbox
from email_automation.mailboxes import open_mailbox
from email_automation.sample import MBOX, OWNER

LETTER = b"""From x
Message-ID: <a@shop.example>
In-Reply-To: <b@shop.example>
From: Ann <ann@shop.example>
To: demo@fikiri.example

Hello
"""


def test_another_copy_is_another_message_of_another_person() -> None:
    varied = mailbox.vary(LETTER, 2)
    assert b"Message-ID: <a.2@shop.example>" in varied
    assert b"Ann <ann.2@shop.example>" in varied


def test_a_thread_stays_together() -> None:
    assert b"In-Reply-To: <b.2@shop.example>" in mailbox.vary(LETTER, 2)


def test_the_owner_stays_the_owner() -> None:
    assert OWNER.encode() in mailbox.vary(LETTER, 2)


def test_an_encoded_body_stays_as_it_is() -> None:
    encoded = LETTER.replace(b"To:", b"Content-Transfer-Encoding: base64\nTo:")
    assert mailbox.vary(encoded, 2).endswith(b"\n\nHello\n")


def test_the_first_messages_are_the_sample() -> None:
    assert MBOX.read_bytes().startswith(b"".join(islice(mailbox.take(20), 20)))


@pytest.mark.parametrize("messages", [1, 500])
def test_a_mailbox_has_as_many_messages_as_asked_for(tmp_path: Path, messages: int) -> None:
    mailbox.write(tmp_path / "mail.mbox", messages)
    assert sum(1 for _ in open_mailbox(tmp_path / "mail.mbox").messages()) == messages
